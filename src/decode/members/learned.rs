//! Records that are built like one before: what stands between their values is compared in one step and not walked again.
//!
//! Documents of one index have few forms, and what is asked of each value is decided by what stands before it. So the forms that
//! were walked are kept as a tree: a step is the text up to a value and what the value is. A record that follows the steps to
//! an end has the values of the same members in the same places, and every value is validated as the walk does. Whatever
//! leaves the steps is walked, with the same result: the tree is a cache, one for each thread.

use std::cell::RefCell;

use super::Members;
use super::paths::Place;
use crate::decode::json::{self, Parser, Scalar, Visitor};
use crate::error::DecodeError;
use crate::simd::same;

/// What may follow a value: an optional member more or less, another element of a list.
const WAYS: usize = 6;

/// Steps that are kept: forms of a hundred kinds of records with forty values each. A tree that is full begins anew.
const MOST_STEPS: usize = 4096;

/// Values of a record that is remembered; longer ones are lists, of which no two are alike.
const MOST_VALUES: usize = 200;

/// Bytes between the values of a record that is remembered.
const MOST_BYTES: usize = 16 * 1024;

thread_local! {
    static FORMS: RefCell<Forms> = RefCell::new(Forms::default());
}

/// Fills an empty table with the members of a record.
///
/// # Errors
/// Where the line is not one valid JSON object.
pub(super) fn fill<'a>(members: &mut Members<'a>, line: &'a [u8]) -> Result<(), DecodeError> {
    FORMS.with_borrow_mut(|forms| {
        if forms.follow(members, line).is_some() {
            return Ok(());
        }
        *members = Members::empty();
        forms.walk(members, line)
    })
}

/// What is read at the end of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Text,
    Number,
    /// An object or a list of which nothing is asked.
    Container,
    /// Nothing: the record ends. Whether it is exported, beneath a source, beneath `elasticsearch.audit`.
    End([bool; 3]),
}

/// The text up to a value, and the value.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Where the text begins in [`Forms::text`], and how long it is.
    text: (u32, u32),
    next: Next,
    used: Place<'static>,
    /// Steps that may follow; 0 is none, for the first step is nobody's.
    ways: [u32; WAYS],
}

impl Step {
    /// The text up to the value, of the texts of all steps.
    #[inline]
    fn text(self, all: &[u8]) -> Option<&[u8]> {
        let (start, length) = (self.text.0 as usize, self.text.1 as usize);
        all.get(start..start + length)
    }
}

/// A value of a record that is walked.
#[derive(Debug, Clone, Copy)]
struct FoundValue {
    /// Where it begins and ends, with the quotes of a text.
    place: (usize, usize),
    next: Next,
    used: Place<'static>,
}

/// The forms of records that were walked.
#[derive(Debug, Default)]
struct Forms {
    steps: Vec<Step>,
    text: Vec<u8>,
    /// Of the record that is walked.
    met: Vec<FoundValue>,
}

impl Forms {
    /// Follows the steps of a form to its end; `None` where the record is of none that is known, and then the table is in no
    /// state to be used.
    fn follow<'a>(&mut self, members: &mut Members<'a>, line: &'a [u8]) -> Option<()> {
        let mut parser = Parser::new(line);
        let mut from = 0;
        loop {
            let at = self.way(from, line, parser.at)?;
            let Step { text: (_, length), next, used, .. } = *self.steps.get(at)?;
            parser.at += length as usize;
            let value = match next {
                Next::Text => Scalar::Str(parser.string().ok()?),
                Next::Number => parser.number().ok()?,
                Next::Container => {
                    let mut depth = SkippedDepth::default();
                    parser.skip_container(&mut depth).ok()?;
                    if depth.is_deep {
                        return None;
                    }
                    from = at;
                    continue;
                }
                Next::End([exported, beneath_source, beneath_audit]) => {
                    (members.exported, members.beneath_source) = (exported, beneath_source);
                    members.beneath_audit = beneath_audit;
                    return Some(());
                }
            };
            match used {
                Place::Field(field) => {
                    members.values[field as usize].get_or_insert(value);
                }
                used => members.put(used, value),
            }
            from = at;
        }
    }

    /// The step that follows another one with what stands at `at`.
    #[inline]
    fn way(&mut self, from: usize, line: &[u8], at: usize) -> Option<usize> {
        let Self { steps, text, .. } = self;
        let ways = steps.get(from)?.ways;
        let rest = line.get(at..)?;
        let found = ways.iter().take_while(|&&way| way != 0).position(|&way| {
            let Some(step) = steps.get(way as usize) else { return false };
            let Some(known) = step.text(text) else { return false };
            let Some((text, value)) = rest.split_at_checked(known.len()) else { return false };
            same(known, text) && step.next.begins(value.first())
        })?;
        if found > 0 {
            // What followed last is asked first.
            steps.get_mut(from)?.ways[..=found].rotate_right(1);
        }
        Some(ways[found] as usize)
    }

    /// Walks a record and remembers its form.
    fn walk<'a>(&mut self, members: &mut Members<'a>, line: &'a [u8]) -> Result<(), DecodeError> {
        self.met.clear();
        let mut walker = Walker { members, line, met: &mut self.met, is_plain: true };
        json::walk(line, &mut walker)?;
        if walker.is_plain && walker.members.oddity.is_none() && self.met.len() <= MOST_VALUES {
            let end = Next::End([members.exported, members.beneath_source, members.beneath_audit]);
            self.met.push(FoundValue { place: (line.len(), line.len()), next: end, used: Place::Other });
            self.learn(line);
        }
        Ok(())
    }

    /// Adds the form of the record that was walked.
    fn learn(&mut self, line: &[u8]) {
        let values: usize = self.met.iter().map(|met| met.place.1 - met.place.0).sum();
        if line.len().saturating_sub(values) > MOST_BYTES {
            return;
        }
        if self.steps.is_empty() || self.steps.len() + self.met.len() > MOST_STEPS {
            self.steps.clear();
            self.text.clear();
            self.steps.push(Step { text: (0, 0), next: Next::Text, used: Place::Other, ways: [0; WAYS] });
        }
        let (mut from, mut at) = (0, 0);
        for FoundValue { place, next, used } in std::mem::take(&mut self.met) {
            let text = line.get(at..place.0).unwrap_or_default();
            let known = |&&way: &&u32| {
                self.steps
                    .get(way as usize)
                    .is_some_and(|step| step.text(&self.text) == Some(text) && step.next == next)
            };
            let ways = self.steps[from].ways;
            from = match ways.iter().take_while(|&&way| way != 0).find(known) {
                Some(&way) => way as usize,
                None => {
                    let Some(free) = ways.iter().position(|&way| way == 0) else { return };
                    let (start, new) = (self.text.len(), self.steps.len());
                    let (Ok(start), Ok(length), Ok(way)) =
                        (u32::try_from(start), u32::try_from(text.len()), u32::try_from(new))
                    else {
                        return;
                    };
                    self.text.extend_from_slice(text);
                    self.steps.push(Step { text: (start, length), next, used, ways: [0; WAYS] });
                    self.steps[from].ways[free] = way;
                    new
                }
            };
            at = place.1;
        }
    }
}

impl Next {
    /// Whether what follows a step can be what it reads.
    #[inline]
    fn begins(self, byte: Option<&u8>) -> bool {
        match self {
            Self::Text => byte == Some(&b'"'),
            Self::Number => matches!(byte, Some(b'-' | b'0'..=b'9')),
            Self::Container => matches!(byte, Some(b'{' | b'[')),
            Self::End(_) => byte.is_none(),
        }
    }
}

/// Whether a container is nested too deep.
#[derive(Default)]
struct SkippedDepth {
    is_deep: bool,
}

impl Visitor<'_> for SkippedDepth {
    fn deep(&mut self) {
        self.is_deep = true;
    }
    fn enter(&mut self, _: &[u8]) -> bool {
        false
    }
    fn scalar(&mut self, _: &[u8], _: Scalar<'_>) {}
}

/// Fills a table, and notes where the values stand.
struct Walker<'w, 'a> {
    members: &'w mut Members<'a>,
    line: &'a [u8],
    met: &'w mut Vec<FoundValue>,
    /// Whether another record that is built the same way can be read by steps.
    is_plain: bool,
}

impl<'a> Walker<'_, 'a> {
    /// Notes a value, which is a part of the line; `quote` is the length of a quote around it.
    fn note(&mut self, value: &'a [u8], quote: usize, next: Next, used: Place<'static>) {
        // Beyond that the form is not remembered.
        if self.met.len() <= MOST_VALUES {
            let start = value.as_ptr().addr() - self.line.as_ptr().addr();
            self.met.push(FoundValue { place: (start - quote, start + value.len() + quote), next, used });
        }
    }
}

impl<'a> Visitor<'a> for Walker<'_, 'a> {
    fn deep(&mut self) {
        self.is_plain = false;
        self.members.deep();
    }

    fn enter(&mut self, path: &[u8]) -> bool {
        self.members.enter(path)
    }

    fn skipped(&mut self, container: &'a [u8]) {
        self.note(container, 0, Next::Container, Place::Other);
    }

    fn scalar(&mut self, path: &[u8], value: Scalar<'a>) {
        let place = self.members.place(path);
        let used = match place {
            Place::Field(field) => Place::Field(field),
            Place::Sort => Place::Sort,
            Place::Index => Place::Index,
            Place::Other => Place::Other,
            Place::Change(..) => {
                self.is_plain = false;
                Place::Other
            }
        };
        match value {
            Scalar::Str(text) => self.note(text.raw(), 1, Next::Text, used),
            Scalar::Num(number) => self.note(number, 0, Next::Number, used),
            // They stand between the values of a form; null fills nothing.
            Scalar::Null => self.is_plain &= !matches!(used, Place::Sort),
            Scalar::Bool(_) => self.is_plain &= matches!(used, Place::Other),
        }
        self.members.put(place, value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Members as the walk alone finds them.
    fn walked(line: &[u8]) -> Option<Members<'_>> {
        let mut members = Members::empty();
        json::walk(line, &mut members).ok().map(|()| members)
    }

    /// The same by a tree that has met the lines before.
    fn filled<'a>(forms: &mut Forms, line: &'a [u8]) -> (Option<Members<'a>>, bool) {
        let mut members = Members::empty();
        if forms.follow(&mut members, line).is_some() {
            return (Some(members), true);
        }
        members = Members::empty();
        (forms.walk(&mut members, line).ok().map(|()| members), false)
    }

    const DOCUMENTS: &[&str] = &[
        r#"{"@timestamp":"2026-03-01T00:00:00.063Z","elasticsearch.audit.layer":"rest","event.action":"authentication_success","event.category":["database"],"source.port":36678,"user.name":"kim","message":"{\"type\":\"audit\"}"}"#,
        r#"{"@timestamp":"2026-03-01T00:00:00.063Z","elasticsearch":{"audit":{"layer":"rest","indices":["a","b"],"user":{"roles":["x"]}},"node":{"id":"n"}},"event":{"action":"access_granted","kind":null},"host":{"ip":["::1"],"up":true},"source":{"port":1}}"#,
        r#"{"_id":"1","_index":"i","_score":1,"_source":{"@timestamp":"2026-03-01T00:00:00.063Z","event.action":"access_denied","indices":["-*"],"user.name":"kim"},"sort":[1772323200063,7,null],"_type":"_doc"}"#,
        r#"{"_index":"i","fields":{"event.action":["x"],"user.name":["a","b"],"source.port":["51,504"]}}"#,
        r#"{ "type": "audit", "event.action": "put_user", "put": {"user": {"name": "a"}}, "user.name": 1, "realm": {"a": 2} }"#,
        r#"{"_source":{"event.action":true,"user.name":"kim","realm":null},"sort":[null]}"#,
        r#"{"user.name":"a","user.name":"b","event.action":true,"log":{"offset":12.5e3}}"#,
    ];

    #[test]
    fn a_record_of_a_known_form_is_not_walked() {
        let mut forms = Forms::default();
        for document in &DOCUMENTS[..2] {
            assert!(!filled(&mut forms, document.as_bytes()).1);
            let other = document.replace("kim", r#"a \"b"#).replace("63Z", "64Z").replace(":1}", ":20}");
            let (members, is_followed) = filled(&mut forms, other.as_bytes());
            assert!(members.is_some() && is_followed, "{other}");
        }
    }

    #[test]
    fn a_tree_that_is_full_begins_anew() {
        let mut forms = Forms::default();
        for at in 0..MOST_STEPS {
            let line = format!(r#"{{"a{at}":1,"b":"x"}}"#);
            assert!(filled(&mut forms, line.as_bytes()).0.is_some());
            assert!(forms.steps.len() <= MOST_STEPS && forms.text.len() <= MOST_STEPS * 16);
        }
    }

    proptest! {
        /// Whatever was met before, a line has the members that the walk finds, or is no record where it finds none.
        #[test]
        fn as_the_walk(
            edits in prop::collection::vec((0..DOCUMENTS.len(), any::<prop::sample::Index>(), prop::sample::select(
                vec!["", "\"", "{", "}", "[", "]", ",", ":", "1", "null", "true", " ", "\\", "\\n", "x", "\"a\",", "-", "\n", "\u{e9}"]), 0_usize..3), 1..60),
        ) {
            let mut forms = Forms::default();
            for (document, at, text, removed) in edits {
                let whole = DOCUMENTS[document].as_bytes();
                let at = at.index(whole.len() + 1);
                let line = [&whole[..at], text.as_bytes(), whole.get(at + removed..).unwrap_or_default()].concat();
                for line in [whole, &line] {
                    let (members, expected) = (filled(&mut forms, line).0, walked(line));
                    prop_assert_eq!(format!("{members:?}"), format!("{expected:?}"), "{}", String::from_utf8_lossy(line));
                }
            }
        }
    }
}
