//! Documents of YAML as trees. Rules are written by others: anchors, with which a short file grows without end, are refused, and
//! so is what lies deeper than rules do.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// How deep lists and maps may lie in each other.
const DEEPEST: usize = 32;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum YamlNode {
    /// A text, and whether it stands there without quotes, so that it may be a number or null.
    Scalar(String, bool),
    List(Vec<YamlNode>),
    Map(Vec<(String, YamlNode)>),
}

impl YamlNode {
    /// The member of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().find(|(known, _)| known == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text of a scalar that is not null.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text, _) if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Whether it is nothing.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(text, true) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The entries of a list; what is none stands for itself.
    pub(super) fn entries(&self) -> &[Self] {
        match self {
            Self::List(entries) => entries,
            one => std::slice::from_ref(one),
        }
    }
}

/// A list or map that is not ended yet.
enum Open {
    List(Vec<YamlNode>),
    Map(Vec<(String, YamlNode)>, Option<String>),
}

/// The documents of a file.
pub(super) fn documents(text: &str) -> Result<Vec<YamlNode>, String> {
    let mut parser = Parser::new_from_str(text);
    let (mut documents, mut open): (Vec<YamlNode>, Vec<Open>) = (Vec::new(), Vec::new());
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| format!("no YAML: {error}"))?;
        let line = span.start.line();
        let node = match event {
            Event::Alias(_)
            | Event::Scalar(_, _, 1.., _)
            | Event::SequenceStart(1.., _)
            | Event::MappingStart(1.., _) => {
                return Err(format!("line {line}: anchors and aliases are not read"));
            }
            Event::Scalar(text, style, ..) => YamlNode::Scalar(text.into_owned(), style == ScalarStyle::Plain),
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEEPEST => {
                return Err(format!("line {line}: deeper than rules are"));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(entries)) => YamlNode::List(entries),
                Some(Open::Map(members, _)) => YamlNode::Map(members),
                None => continue,
            },
            _ => continue,
        };
        match open.last_mut() {
            None => documents.push(node),
            Some(Open::List(entries)) => entries.push(node),
            Some(Open::Map(members, name)) => match (name.take(), node) {
                (Some(name), _) if members.iter().any(|(known, _)| *known == name) => {
                    return Err(format!("line {line}: {name} stands there twice"));
                }
                (Some(name), node) => members.push((name, node)),
                (None, YamlNode::Scalar(text, _)) => *name = Some(text),
                (None, _) => return Err(format!("line {line}: a name that is no text")),
            },
        }
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_trees() {
        let read = documents("a: 1\nb: ['x', ~]\n---\n- c: {d: \"e\"}\n").unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].get("a").and_then(YamlNode::text), Some("1"));
        let list = read[0].get("b").unwrap().entries();
        assert_eq!((list[0].text(), list[1].is_null()), (Some("x"), true));
        assert_eq!(read[1].entries()[0].get("c").unwrap().get("d").unwrap().text(), Some("e"));
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        assert!(documents("a: &x [1]\nb: *x\n").unwrap_err().contains("anchors"));
        assert!(documents(&"[".repeat(100)).unwrap_err().contains("deeper"));
        assert!(documents("a: 1\na: 2\n").unwrap_err().contains("twice"));
        assert!(documents("a: [").is_err());
    }
}
