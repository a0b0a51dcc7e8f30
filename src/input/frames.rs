//! LZ4 and Snappy frames: their crates read from a stream, and say what is wrong in words of their own.

use std::io::{self, BufRead, Read};

/// The decoder of a frame format that reads from a stream.
pub(super) trait Frames: Read {
    /// The format's name in reports and messages.
    const NAME: &'static str;
    /// Whether more stands behind the frame that ended.
    fn more(&mut self) -> io::Result<bool>;
}

impl<R: BufRead> Frames for lz4_flex::frame::FrameDecoder<R> {
    const NAME: &'static str = "lz4";

    fn more(&mut self) -> io::Result<bool> {
        Ok(!self.get_mut().fill_buf()?.is_empty())
    }
}

impl<R: Read> Frames for snap::read::FrameDecoder<R> {
    const NAME: &'static str = "snappy";

    fn more(&mut self) -> io::Result<bool> {
        Ok(false)
    }
}

/// All frames of a stream, and their damage in the words of the other formats.
pub(super) struct Framed<D> {
    decoder: D,
    /// The error that was given: it stays.
    failed: Option<(io::ErrorKind, String)>,
}

impl<D: Frames> Framed<D> {
    pub(super) fn new(decoder: D) -> Self {
        Self { decoder, failed: None }
    }

    fn fail(&mut self, error: &io::Error) -> io::Error {
        let told = match error.kind() {
            io::ErrorKind::UnexpectedEof => (io::ErrorKind::UnexpectedEof, format!("{} data ends early", D::NAME)),
            // What the library says of the data, and not the device below it.
            io::ErrorKind::Other | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
                if error.raw_os_error().is_none() =>
            {
                (io::ErrorKind::InvalidData, format!("damaged {} data: {error}", D::NAME))
            }
            kind => (kind, error.to_string()),
        };
        let error = io::Error::new(told.0, told.1.clone());
        self.failed = Some(told);
        error
    }
}

impl<D: Frames> Read for Framed<D> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, message)) = &self.failed {
            return Err(io::Error::new(*kind, message.clone()));
        }
        loop {
            match self.decoder.read(out) {
                Ok(0) if !out.is_empty() && self.decoder.more()? => {}
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A signal or a limit, which an error of its own stands for.
                Err(error) if error.get_ref().is_some_and(|inner| inner.is::<super::bounds::Stopped>()) => {
                    return Err(error);
                }
                Err(error) => return Err(self.fail(&error)),
            }
        }
    }
}
