//! Files: one folder per node, rolled and compressed as Elasticsearch does it, or one docker stream.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cli::{Gzip, Roll};
use crate::shapes::Frame;
use crate::text::{Clock, Micros, Text};

/// Size of the write buffers.
const BUFFER: usize = 256 * 1024;

enum Sink {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Sink {
    fn create(path: &Path, gzip: bool) -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER, File::create(path)?);
        Ok(if gzip { Self::Gzip(Box::new(GzEncoder::new(file, Compression::fast()))) } else { Self::Plain(file) })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(to) => to.write_all(bytes),
            Self::Gzip(to) => to.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut to) => to.flush(),
            Self::Gzip(to) => to.finish()?.flush(),
        }
    }
}

/// A log file that is rolled over: `prod_audit.json`, then `prod_audit-2026-03-01-1.json[.gz]`.
pub(crate) struct RollingFile {
    folder: PathBuf,
    /// Name and extension.
    name: (Text, Text),
    frame: Frame,
    gzip: Gzip,
    roll: Roll,
    clock: Clock,
    sink: Option<Sink>,
    lines: u64,
    /// Time of the first line of the current file.
    first: Micros,
    /// Time from which a daily file is rolled.
    midnight: Micros,
    /// Day and number of the file rolled last.
    last: (String, u32),
}

impl RollingFile {
    /// A file that is created with its first line.
    pub(crate) fn new(folder: &Path, name: (Text, Text), frame: Frame, gzip: Gzip, roll: Roll, offset: i64) -> Self {
        Self {
            folder: folder.to_owned(),
            name,
            frame,
            gzip,
            roll,
            clock: Clock::new(offset),
            sink: None,
            lines: 0,
            first: 0,
            midnight: 0,
            last: (String::new(), 0),
        }
    }

    fn active(&self) -> PathBuf {
        let end = if self.gzip == Gzip::All { ".gz" } else { "" };
        self.folder.join(format!("{}{}{end}", self.name.0, self.name.1))
    }

    /// Writes one line of this time, without its line end.
    pub(crate) fn write(&mut self, time: Micros, line: &[u8]) -> io::Result<()> {
        let full = match self.roll {
            Roll::Never => false,
            Roll::Lines(limit) => self.lines >= limit,
            Roll::Daily => self.lines > 0 && time >= self.midnight,
        };
        if full {
            self.roll_over()?;
        }
        let mut sink = match self.sink.take() {
            Some(mut sink) => {
                sink.write(self.frame.separator.as_bytes())?;
                sink
            }
            None => {
                let mut sink = Sink::create(&self.active(), self.gzip == Gzip::All)?;
                sink.write(self.frame.header.as_bytes())?;
                self.first = time;
                self.midnight = self.clock.next_midnight(time);
                sink
            }
        };
        self.lines += 1;
        sink.write(line)?;
        self.sink = Some(sink);
        Ok(())
    }

    fn roll_over(&mut self) -> io::Result<()> {
        self.finish()?;
        self.lines = 0;
        let day = self.clock.day(self.first);
        let number = if self.last.0 == day { self.last.1 + 1 } else { 1 };
        let name = format!("{}-{day}-{number}{}", self.name.0, self.name.1);
        self.last = (day, number);
        let active = self.active();
        match self.gzip {
            Gzip::None => fs::rename(active, self.folder.join(name)),
            Gzip::All => fs::rename(active, self.folder.join(name + ".gz")),
            Gzip::Rolled => {
                let mut to = GzEncoder::new(File::create(self.folder.join(name + ".gz"))?, Compression::fast());
                io::copy(&mut File::open(&active)?, &mut to)?;
                to.finish()?;
                fs::remove_file(active)
            }
        }
    }

    /// Completes the file.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let Some(mut sink) = self.sink.take() else { return Ok(()) };
        sink.write(self.frame.footer.as_bytes())?;
        sink.finish()
    }
}
