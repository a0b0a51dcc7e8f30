//! The last step before the terminal: tones become SGR sequences, or nothing.

use std::io::{self, Write};

use super::ink::Ink;
use super::pieces::{StyledLine, take, width};
use crate::document::view::Style;
use crate::document::{LogLine, Tone};
use crate::escape;

/// The sixteen colours that every scheme, light or dark, keeps readable.
fn sgr(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Bold => "\x1b[1m",
        Tone::Dim => "\x1b[2m",
        Tone::Alarm => "\x1b[1;31m",
        Tone::Bad => "\x1b[31m",
        Tone::Warn => "\x1b[33m",
        Tone::Note => "\x1b[36m",
    }
}

/// Where lines go.
pub(super) struct LinePrinter<'a> {
    out: &'a mut dyn Write,
    style: Style,
}

impl<'a> LinePrinter<'a> {
    pub(super) fn new(out: &'a mut dyn Write, style: Style) -> Self {
        Self { out, style }
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// Writes a line of a log as grep(1) does, as long as it is: `path:line:` before what was asked for, `path-line-` before what
    /// stands around it, `--` between.
    pub(super) fn log(&mut self, ink: &Ink, line: &LogLine) -> io::Result<()> {
        if line.after_gap {
            self.out.write_all(b"--\n")?;
        }
        let mark = if line.is_evidence { ':' } else { '-' };
        let (path, text) =
            (escape::terminal(line.path.raw(), ink.unicode), escape::terminal(line.text.raw(), ink.unicode));
        write!(self.out, "{path}{mark}{}{mark} {text}", line.number)?;
        if line.left_out > 0 {
            write!(self.out, " {} {} bytes more (--raw)", ink.glyphs.ellipsis, line.left_out)?;
        }
        self.out.write_all(b"\n")
    }

    /// Writes a line without its trailing blanks. The layout fits lines to the width; one that it misses is cut here, so that
    /// such a mistake costs beauty only.
    pub(super) fn line(&mut self, line: &StyledLine) -> io::Result<()> {
        let mut text = String::with_capacity(line.width() + 16);
        let mut room = self.style.width;
        let cut = line.width() > room;
        if cut {
            room = room.saturating_sub(1);
        }
        let mut parts = line.parts.as_slice();
        while let [rest @ .., (last, _)] = parts
            && last.trim_end().is_empty()
        {
            parts = rest;
        }
        for (at, (part, tone)) in parts.iter().enumerate() {
            let part = if at + 1 == parts.len() { part.trim_end() } else { part };
            let part = if cut { take(part, room) } else { part };
            room -= width(part).min(room);
            let tone = if self.style.color { sgr(*tone) } else { "" };
            text.push_str(tone);
            text.push_str(part);
            if !tone.is_empty() {
                text.push_str("\x1b[0m");
            }
        }
        if cut {
            text.push(if self.style.unicode { '…' } else { '~' });
        }
        text.push('\n');
        self.out.write_all(text.as_bytes())
    }
}
