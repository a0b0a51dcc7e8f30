//! Tables as Parquet, written row group by row group: of those that are as long as the log one file a day, in folders
//! `day=2026-03-01` as Hive names them.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::tables::{DataCell, DataColumn, DataKind, DataTable, Division, SCHEMA_VERSION};
use crate::time::Millis;

/// Rows gathered before they are written.
const ROWS: usize = 1 << 16;

/// Bytes of text gathered before they are written: clients choose how long their names are.
const BYTES: usize = 32 << 20;

/// Bytes of a page before it is compressed. Amazon Security Lake wants 1 MB at most
/// (docs.aws.amazon.com/security-lake/latest/userguide/custom-sources.html); a page ends behind the values that fill it.
const PAGE: usize = 512 << 10;

/// Values that are taken at a time, after which the size of the page is looked at.
const AT_A_TIME: usize = 128;

/// The day of what has no day, as Hive names it.
const NO_DAY: &str = "__HIVE_DEFAULT_PARTITION__";

/// The day of the file of a table without rows: pyarrow finds no type for days of which none is known.
const DAY_OF_NOTHING: &str = "1970-01-01";

/// Writes the rows of a table, which come in its order, to `folder`. A table without rows has one file that says so, so that
/// queries find its columns.
///
/// # Errors
/// Those of the file system.
pub fn write(table: &DataTable, rows: impl Iterator<Item = Vec<DataCell>>, folder: &Path) -> io::Result<()> {
    if table.division == Division::One {
        let mut file = DayFile::create(table, String::new(), folder)?;
        for row in rows {
            file.push(row)?;
        }
        return file.close();
    }
    let mut open: Option<DayFile> = None;
    for row in rows {
        let day = day(&row);
        if open.as_ref().is_none_or(|file| file.day != day)
            && let Some(done) = open.replace(DayFile::create(table, day, folder)?)
        {
            done.close()?;
        }
        if let Some(file) = &mut open {
            file.push(row)?;
        }
    }
    match open {
        Some(file) => file.close(),
        None if table.division == Division::EventDays => Ok(()),
        None => DayFile::create(table, DAY_OF_NOTHING.to_owned(), folder)?.close(),
    }
}

/// The UTC day of a row.
fn day(row: &[DataCell]) -> String {
    let time = match row.first() {
        Some(DataCell::Time(Some(time))) => *time,
        Some(DataCell::Count(Some(time))) => Millis(i64::try_from(*time).unwrap_or(i64::MAX)),
        _ => return NO_DAY.to_owned(),
    };
    time.rfc3339().split_once('T').map_or_else(|| NO_DAY.to_owned(), |(day, _)| day.to_owned())
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    }
}

/// The schema in Parquet's own words.
fn schema(table: &DataTable) -> String {
    format!("message {} {{ {} }}", table.name, members(table.columns, 0))
}

/// The members of an object that lies so deep: columns that share their name there are an object themselves. Objects are always
/// there, and only what they hold may be null, so that they add no level.
fn members(columns: &[DataColumn], depth: usize) -> String {
    let part = |column: &DataColumn| column.name.split('.').nth(depth);
    let mut text = String::new();
    for group in columns.chunk_by(|one, other| part(one) == part(other)) {
        let [first, ..] = group else { continue };
        let name = part(first).unwrap_or_default();
        if first.name.split('.').nth(depth + 1).is_none() {
            group.iter().for_each(|column| text.push_str(&leaf(column, name, depth)));
        } else if let Some(list) = name.strip_suffix("[]") {
            let (repetition, inner) = (repetition(first.nullable), members(group, depth + 1));
            text.push_str(&format!(
                "{repetition} GROUP {list} (LIST) {{ REPEATED GROUP list {{ REQUIRED GROUP element {{ {inner} }} }} }} "
            ));
        } else {
            text.push_str(&format!("REQUIRED GROUP {name} {{ {} }} ", members(group, depth + 1)));
        }
    }
    text
}

fn repetition(nullable: bool) -> &'static str {
    if nullable { "OPTIONAL" } else { "REQUIRED" }
}

/// A column under its own name; of objects of a list each has its value.
fn leaf(column: &DataColumn, name: &str, depth: usize) -> String {
    let in_list = column.name.split('.').take(depth).any(|part| part.ends_with("[]"));
    let repetition = repetition(column.nullable && !in_list);
    let list = |element: &str| {
        format!("{repetition} GROUP {name} (LIST) {{ REPEATED GROUP list {{ REQUIRED {element}; }} }} ")
    };
    match column.kind {
        DataKind::Time => format!("{repetition} INT64 {name} (TIMESTAMP(MILLIS,true)); "),
        DataKind::Texts if !in_list => list("BYTE_ARRAY element (STRING)"),
        DataKind::Smalls if !in_list => list("INT32 element"),
        DataKind::Text | DataKind::Texts => format!("{repetition} BYTE_ARRAY {name} (STRING); "),
        DataKind::Count => format!("{repetition} INT64 {name}; "),
        DataKind::Small | DataKind::Smalls => format!("{repetition} INT32 {name}; "),
        DataKind::Share => format!("{repetition} DOUBLE {name}; "),
        DataKind::Flag => format!("{repetition} BOOLEAN {name}; "),
    }
}

/// How a table is written: by its first column, and times and numbers of lines as steps from one to the next, which are small numbers.
fn properties(table: &DataTable) -> Result<WriterProperties, ParquetError> {
    let by_first = SortingColumn { column_idx: 0, descending: false, nulls_first: false };
    let mut builder = WriterProperties::builder();
    for column in table.columns.iter().filter(|column| matches!(column.kind, DataKind::Time | DataKind::Count)) {
        let path = ColumnPath::from(column.name.split('.').map(str::to_owned).collect::<Vec<_>>());
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    Ok(builder
        .set_sorting_columns(Some(vec![by_first]))
        .set_data_page_size_limit(PAGE)
        .set_write_batch_size(AT_A_TIME)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        // Not the name of a library whose version would change the bytes.
        .set_created_by(concat!("esaudit ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(
            "esaudit.schema_version".to_owned(),
            SCHEMA_VERSION.to_string(),
        )]))
        .build())
}

/// The file of a day, or, where the day has no name, of a whole table.
struct DayFile {
    day: String,
    path: PathBuf,
    writer: SerializedFileWriter<BufWriter<File>>,
    buffers: Vec<Buffer>,
    rows: usize,
    bytes: usize,
}

impl DayFile {
    fn create(table: &DataTable, day: String, folder: &Path) -> io::Result<Self> {
        let folder = match table.division {
            Division::One => folder.to_owned(),
            Division::Days => folder.join(format!("day={day}")),
            Division::EventDays => folder.join(format!("eventDay={}", day.replace('-', ""))),
        };
        fs::create_dir_all(&folder)?;
        let path = folder.join("part-0.parquet");
        let file = BufWriter::new(File::options().write(true).create_new(true).open(&path)?);
        let schema = Arc::new(parse_message_type(&schema(table)).map_err(failed)?);
        let properties = Arc::new(properties(table).map_err(failed)?);
        let writer = SerializedFileWriter::new(file, schema, properties).map_err(failed)?;
        let buffers = table.columns.iter().map(Buffer::new).collect();
        Ok(Self { day, path, writer, buffers, rows: 0, bytes: 0 })
    }

    fn push(&mut self, row: Vec<DataCell>) -> io::Result<()> {
        if row.len() != self.buffers.len() {
            return Err(io::Error::other("a row without the columns of its table"));
        }
        for (buffer, cell) in self.buffers.iter_mut().zip(row) {
            self.bytes += buffer.push(cell)?;
        }
        self.rows += 1;
        if self.rows >= ROWS || self.bytes >= BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what was gathered as a row group.
    fn flush(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for buffer in &mut self.buffers {
            let Some(mut column) = group.next_column().map_err(failed)? else {
                return Err(io::Error::other("a schema without the columns of its table"));
            };
            buffer.write(&mut column).map_err(failed)?;
            column.close().map_err(failed)?;
        }
        group.close().map_err(failed)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    fn close(mut self) -> io::Result<()> {
        self.flush()?;
        let out = self.writer.into_inner().map_err(failed)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        // The name must not be lost either, where the system lets folders be synchronised.
        self.path.parent().map_or(Ok(()), |folder| File::open(folder).and_then(|folder| folder.sync_all()))
    }
}

/// Values of a column that wait to be written; null ones are not among them.
enum Values {
    Longs(Vec<i64>),
    Ints(Vec<i32>),
    Doubles(Vec<f64>),
    Flags(Vec<bool>),
    Texts(Vec<ByteArray>),
}

/// Notes how much is there of a list of so many items.
fn levels(items: Option<usize>, present: i16, definitions: &mut Vec<i16>, repetitions: &mut Vec<i16>) {
    // One level for null, one for empty.
    if items.is_none_or(|items| items == 0) {
        definitions.push(if items.is_some() { present } else { 0 });
        repetitions.push(0);
    }
    for at in 0..items.unwrap_or(0) {
        definitions.push(present + 1);
        repetitions.push(i16::from(at > 0));
    }
}

/// A column that is being gathered.
struct Buffer {
    kind: DataKind,
    nullable: bool,
    values: Values,
    /// How much of each value is there, as Parquet counts: 0 = null.
    definitions: Vec<i16>,
    /// Whether a value of a list goes on with the list before it (1).
    repetitions: Vec<i16>,
}

impl Buffer {
    fn new(column: &DataColumn) -> Self {
        let values = match column.kind {
            DataKind::Time | DataKind::Count => Values::Longs(Vec::new()),
            DataKind::Small | DataKind::Smalls => Values::Ints(Vec::new()),
            DataKind::Share => Values::Doubles(Vec::new()),
            DataKind::Flag => Values::Flags(Vec::new()),
            DataKind::Text | DataKind::Texts => Values::Texts(Vec::new()),
        };
        let DataColumn { kind, nullable, .. } = *column;
        Self { kind, nullable, values, definitions: Vec::new(), repetitions: Vec::new() }
    }

    /// Takes a value; how much memory its text needs.
    fn push(&mut self, cell: DataCell) -> io::Result<usize> {
        let present = i16::from(self.nullable);
        let mut define = |is_there: bool| self.definitions.push(if is_there { present } else { 0 });
        match (cell, self.kind, &mut self.values) {
            (DataCell::Time(time), DataKind::Time, Values::Longs(values)) => {
                define(time.is_some());
                values.extend(time.map(|time| time.0));
            }
            (DataCell::Count(count), DataKind::Count, Values::Longs(values)) => {
                define(count.is_some());
                values.extend(count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)));
            }
            (DataCell::Small(number), DataKind::Small, Values::Ints(values)) => {
                define(number.is_some());
                values.extend(number);
            }
            (DataCell::Share(share), DataKind::Share, Values::Doubles(values)) => {
                define(share.is_some());
                values.extend(share);
            }
            (DataCell::Flag(flag), DataKind::Flag, Values::Flags(values)) => {
                define(flag.is_some());
                values.extend(flag);
            }
            (DataCell::Text(text), DataKind::Text, Values::Texts(values)) => {
                define(text.is_some());
                let bytes = text.as_ref().map_or(0, String::len);
                values.extend(text.map(|text| ByteArray::from(text.into_bytes())));
                return Ok(bytes);
            }
            (DataCell::Texts(list), DataKind::Texts, Values::Texts(values)) => {
                let bytes = list.iter().flatten().map(String::len).sum();
                levels(list.as_ref().map(Vec::len), present, &mut self.definitions, &mut self.repetitions);
                values.extend(list.into_iter().flatten().map(|text| ByteArray::from(text.into_bytes())));
                return Ok(bytes);
            }
            (DataCell::Smalls(list), DataKind::Smalls, Values::Ints(values)) => {
                levels(list.as_ref().map(Vec::len), present, &mut self.definitions, &mut self.repetitions);
                values.extend(list.into_iter().flatten());
            }
            _ => return Err(io::Error::other("a value of another type than its column")),
        }
        Ok(0)
    }

    /// Writes what was gathered and begins anew.
    fn write(&mut self, out: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let is_list = matches!(self.kind, DataKind::Texts | DataKind::Smalls);
        let definitions = (self.nullable || is_list).then_some(self.definitions.as_slice());
        let repetitions = is_list.then_some(self.repetitions.as_slice());
        match &mut self.values {
            Values::Longs(values) => {
                out.typed::<Int64Type>().write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            Values::Ints(values) => {
                out.typed::<Int32Type>().write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            Values::Doubles(values) => {
                out.typed::<DoubleType>().write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            Values::Flags(values) => {
                out.typed::<BoolType>().write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            Values::Texts(values) => {
                out.typed::<ByteArrayType>().write_batch(values, definitions, repetitions)?;
                values.clear();
            }
        }
        self.definitions.clear();
        self.repetitions.clear();
        Ok(())
    }
}
