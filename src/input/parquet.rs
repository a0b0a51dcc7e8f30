//! The Parquet files that `esaudit export` writes, as the lines that `esaudit events` writes of the same.
//!
//! Their attempts and changes are events; their reasons rest on lines that are not in them and give none.

use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, ListAccessor, Row};
use serde_json::{Map, Value};

use super::damage::{damage, unsupported};
use crate::time::Millis;

/// What our files say in their metadata, and others do not.
const OURS: &str = "esaudit.schema_version";

/// Rows and bytes of a group: we write 65,536 rows and 32 MiB of text at most, and a library that reads a group has it in memory.
const MOST_ROWS: i64 = 1 << 17;
const MOST_BYTES: i64 = 256 << 20;

/// All that is said of a table of reasons; what becomes of an input in which nothing is recognised knows it.
const REASONS: &[u8] = b"{\"esaudit\":\"reasons\"}\n";

/// Members of attempts and changes under the names that events have.
const RENAMED: [(&str, &str); 2] = [("actor", "principal"), ("actor_realm", "principal_realm")];

/// The rows of a file, a line each.
pub(super) struct ParquetRows {
    rows: Option<RowIter<'static>>,
    kind: &'static str,
    line: Vec<u8>,
    given: usize,
}

impl ParquetRows {
    /// Reads what describes a file.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let opened = guarded(|| SerializedFileReader::new(file))?;
        let reader = opened.map_err(|error| described(&error))?;
        let metadata = reader.metadata();
        let about = metadata.file_metadata();
        let ours = about.key_value_metadata().is_some_and(|pairs| pairs.iter().any(|pair| pair.key == OURS));
        if !ours {
            return Err(unsupported("a Parquet file of another program, which is not read: export JSON lines"));
        }
        let too_large = |group: &parquet::file::metadata::RowGroupMetaData| {
            group.num_rows() > MOST_ROWS || group.total_byte_size() > MOST_BYTES
        };
        if metadata.row_groups().iter().any(too_large) {
            return Err(unsupported("a Parquet file with larger groups of rows than esaudit writes"));
        }
        let kind = match about.schema().name() {
            "attempts" => "attempt",
            "changes" => "change",
            _ => return Ok(Self { rows: None, kind: "", line: REASONS.to_vec(), given: 0 }),
        };
        let rows = guarded(|| RowIter::from_file_into(Box::new(reader)))?;
        Ok(Self { rows: Some(rows), kind, line: Vec::new(), given: 0 })
    }

    /// The next line; empty at the end.
    fn next(&mut self) -> io::Result<()> {
        self.line.clear();
        self.given = 0;
        let Some(rows) = &mut self.rows else { return Ok(()) };
        match guarded(|| rows.next())? {
            Some(Ok(row)) => {
                serde_json::to_writer(&mut self.line, &event(self.kind, row))?;
                self.line.push(b'\n');
            }
            Some(Err(error)) => return Err(described(&error)),
            None => self.rows = None,
        }
        Ok(())
    }
}

impl Read for ParquetRows {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len()
            && let Err(error) = self.next()
        {
            self.rows = None;
            return Err(error);
        }
        let rest = &self.line[self.given..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

/// The library stops the program at some damaged files; that must not stop the run.
fn guarded<T>(read: impl FnOnce() -> T) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| damage("damaged Parquet data"))
}

fn described(error: &ParquetError) -> io::Error {
    damage(format!("damaged Parquet data: {error}"))
}

/// A row as `esaudit events` writes it.
fn event(kind: &str, row: Row) -> Value {
    let mut members = Map::new();
    members.insert("kind".to_owned(), kind.into());
    let mut place = Map::new();
    for (name, field) in row.into_columns() {
        let value = value(&field);
        match name.strip_prefix("evidence_") {
            Some(part) => drop(place.insert(part.to_owned(), value)),
            None => {
                let name = RENAMED.iter().find(|(from, _)| *from == name).map_or(name, |(_, to)| (*to).to_owned());
                members.insert(name, value);
            }
        }
    }
    // Lines of events have both; a change has neither.
    for name in ["realm_chain", "reason_basis"] {
        members.entry(name).or_insert(Value::Null);
    }
    members.insert("evidence".to_owned(), Value::Object(place));
    Value::Object(members)
}

fn value(field: &Field) -> Value {
    match field {
        Field::Str(text) => text.clone().into(),
        Field::Bool(flag) => (*flag).into(),
        Field::Long(number) => (*number).into(),
        Field::Double(number) => (*number).into(),
        Field::TimestampMillis(time) => Millis(*time).rfc3339().into(),
        Field::ListInternal(list) => {
            (0..list.len()).map(|at| list.get_string(at).map_or(Value::Null, |text| text.clone().into())).collect()
        }
        _ => Value::Null,
    }
}
