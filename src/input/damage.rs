//! What is said of data that are damaged, or that this program does not read.

use std::io::{self, Read};

/// An error that says that the data are damaged, not the device.
pub(super) fn damage(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

/// An error that says that the data may be good, but cannot be read by this program.
pub(super) fn unsupported(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, message.into())
}

/// A stream of which nothing can be read.
pub(super) struct Broken(pub(super) Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
