//! What turns a stream of bytes into records of one line each, in one pass and without holding more than one record.

/// What a [`Framer`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A record, as one line without its end; cut short where the input ends inside it.
    Record(&'a [u8]),
    /// A record longer than the limit; skipped.
    Oversized,
    /// Between records, the input is not what it should be; what follows is read on.
    Broken(&'static str),
}

/// Receives each piece with the line, counted from 1, in which it begins.
pub type Out<'o> = dyn FnMut(u64, Frame<'_>) + 'o;

/// Finds records in a stream of bytes.
pub trait Framer: Send {
    /// Takes the next bytes, in portions of any size.
    fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>);
    /// Says that the input ended.
    fn finish(&mut self, out: &mut Out<'_>);
}

/// What a reader finds in a text given in portions: line and record, or what is wrong instead.
#[cfg(test)]
pub(super) fn pieces(reader: &mut dyn Framer, text: &[u8], chunk: usize) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    let mut out = |line: u64, piece: Frame<'_>| {
        let text = match piece {
            Frame::Record(record) => String::from_utf8_lossy(record).into_owned(),
            Frame::Oversized => "oversized".to_owned(),
            Frame::Broken(message) => message.to_owned(),
        };
        found.push((line, text));
    };
    text.chunks(chunk).for_each(|bytes| reader.feed(bytes, &mut out));
    reader.finish(&mut out);
    found
}
