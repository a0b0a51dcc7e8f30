//! Records that are written as rows and columns inside JSON: ES|QL and SQL (`columns` with `values` or `rows`, by rows or by
//! columns), Log Analytics, Splunk (`fields`), lists of named values (CloudWatch Insights, OTLP), and texts as lists of bytes
//! (journald). Each is rewritten to the object that it stands for.

use super::json::{self, RawStr, Scalar, Value};

type TableMember<'a> = (RawStr<'a>, Value<'a>);

/// The rows of a table as objects; `None` where the members are not those of one.
#[must_use]
pub(super) fn rows(members: &[TableMember<'_>]) -> Option<Vec<Vec<u8>>> {
    let list = |known: &[&[u8]]| {
        members.iter().find_map(|(name, value)| match value {
            Value::List(text) if known.contains(&&*name.text()) => {
                json::elements(text).ok().map(|(elements, _)| elements)
            }
            _ => None,
        })
    };
    let names: Vec<Vec<u8>> = list(&[b"columns", b"fields"])?.iter().map(column_name).collect::<Option<_>>()?;
    let values: Vec<Vec<Value<'_>>> = list(&[b"values", b"rows"])?.iter().map(cells).collect::<Option<_>>()?;
    if names.is_empty() {
        return None;
    }
    let of_columns = values.len() == names.len() && values.iter().any(|row| row.len() != names.len());
    let count = if of_columns { values.iter().map(Vec::len).max()? } else { values.len() };
    let cell = |row: usize, column: usize| {
        let (outer, inner) = if of_columns { (column, row) } else { (row, column) };
        values.get(outer).and_then(|cells| cells.get(inner))
    };
    let row = |row: usize| {
        let cells = names.iter().enumerate().filter_map(|(column, name)| Some((name.as_slice(), *cell(row, column)?)));
        written(cells)
    };
    Some((0..count).map(row).collect())
}

fn cells<'a>(row: &Value<'a>) -> Option<Vec<Value<'a>>> {
    match row {
        Value::List(text) => json::elements(text).ok().map(|(elements, _)| elements),
        _ => None,
    }
}

/// A column is a name, or an object with one.
fn column_name(column: &Value<'_>) -> Option<Vec<u8>> {
    match column {
        Value::Scalar(Scalar::Str(name)) => Some(name.text().into_owned()),
        Value::Object(text) => {
            let (members, _) = json::members(text).ok()?;
            members.iter().find_map(|(name, value)| match value {
                Value::Scalar(Scalar::Str(text)) if matches!(&*name.text(), b"name" | b"field") => {
                    Some(text.text().into_owned())
                }
                _ => None,
            })
        }
        _ => None,
    }
}

/// The object that a list of named values stands for: `[{"field":"@message","value":…},…]`, and `key` in OTLP.
#[must_use]
pub(super) fn pairs(elements: &[Value<'_>]) -> Option<Vec<u8>> {
    let pairs: Vec<(Vec<u8>, Value<'_>)> = elements.iter().map(pair).collect::<Option<_>>()?;
    (!pairs.is_empty()).then(|| written(pairs.iter().map(|(name, value)| (name.as_slice(), *value))))
}

fn pair<'a>(element: &Value<'a>) -> Option<(Vec<u8>, Value<'a>)> {
    let Value::Object(text) = element else { return None };
    let (members, _) = json::members(text).ok()?;
    let [first, second] = members.as_slice() else { return None };
    let (name, value) = match (&*first.0.text(), &*second.0.text()) {
        (b"field" | b"key" | b"name", b"value") => (first.1, second.1),
        (b"value", b"field" | b"key" | b"name") => (second.1, first.1),
        _ => return None,
    };
    match name {
        Value::Scalar(Scalar::Str(name)) => Some((name.text().into_owned(), value)),
        _ => None,
    }
}

/// The text that a list of byte values stands for: journald writes what is not printable so.
#[must_use]
pub(super) fn bytes(elements: &[Value<'_>]) -> Option<Vec<u8>> {
    let byte = |element: &Value<'_>| match element {
        Value::Scalar(Scalar::Num(number)) => std::str::from_utf8(number).ok()?.parse::<u8>().ok(),
        _ => None,
    };
    if elements.is_empty() { None } else { elements.iter().map(byte).collect() }
}

/// An object of these members; what is null is left out.
fn written<'a>(members: impl Iterator<Item = (&'a [u8], Value<'a>)>) -> Vec<u8> {
    let mut object = vec![b'{'];
    for (name, value) in members {
        if matches!(value, Value::Scalar(Scalar::Null)) {
            continue;
        }
        if object.len() > 1 {
            object.push(b',');
        }
        json::write_text(&mut object, name);
        object.push(b':');
        write(&mut object, value);
    }
    object.push(b'}');
    object
}

fn write(object: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Scalar(Scalar::Str(text)) => {
            object.push(b'"');
            object.extend_from_slice(text.raw());
            object.push(b'"');
        }
        Value::Scalar(Scalar::Num(text)) => object.extend_from_slice(text),
        Value::Scalar(Scalar::Bool(flag)) => object.extend_from_slice(if flag { b"true" } else { b"false" }),
        Value::Scalar(Scalar::Null) => object.extend_from_slice(b"null"),
        Value::Object(text) => match otlp(text) {
            Some(plain) => object.extend_from_slice(&plain),
            None => object.extend_from_slice(text),
        },
        Value::List(text) => object.extend_from_slice(text),
    }
}

/// The plain value of OTLP's typed one: `{"stringValue":…}`, `{"kvlistValue":{"values":[…]}}`, `{"arrayValue":…}`.
fn otlp(text: &[u8]) -> Option<Vec<u8>> {
    let (members, _) = json::members(text).ok()?;
    let [(name, value)] = members.as_slice() else { return None };
    let mut plain = Vec::new();
    let inner = |value: &Value<'_>| match value {
        Value::Object(text) => {
            let Ok((members, _)) = json::members(text) else { return None };
            members.iter().find_map(|(_, value)| if let Value::List(text) = value { Some(text.to_vec()) } else { None })
        }
        _ => None,
    };
    match &*name.text() {
        b"stringValue" | b"intValue" | b"boolValue" | b"doubleValue" => write(&mut plain, *value),
        b"kvlistValue" => {
            let list = inner(value)?;
            return pairs(&json::elements(&list).ok()?.0);
        }
        b"arrayValue" => {
            let list = inner(value)?;
            plain.push(b'[');
            for (at, element) in json::elements(&list).ok()?.0.into_iter().enumerate() {
                if at > 0 {
                    plain.push(b',');
                }
                write(&mut plain, element);
            }
            plain.push(b']');
        }
        _ => return None,
    }
    Some(plain)
}
