//! What the walk over a record puts into the table: which member a path is, below whichever prefixes it stands.

use super::{Field, INDICES, Members, change, field, is_telling};
use crate::decode::json::{Scalar, Visitor};
use crate::error::ProblemKind;

/// The member of a search hit that lists what it was sorted by.
const SORT: &[u8] = b"sort";

/// A path without the prefixes below which other shapes put the native names.
#[derive(Clone, Copy)]
struct NestedPath<'p> {
    path: &'p [u8],
    beneath_source: bool,
    beneath_audit: bool,
}

impl<'p> NestedPath<'p> {
    /// `exported`: the record is known to be a search hit, whose values may stand in arrays below `fields`.
    #[inline]
    fn of(mut path: &'p [u8], exported: bool) -> Self {
        let (mut beneath_source, mut beneath_audit) = (false, false);
        let may_be_source = path.first() == Some(&b'_') || (exported && path.first() == Some(&b'f'));
        if may_be_source && let Some(rest) = path.strip_prefix(b"_source.").or_else(|| path.strip_prefix(b"fields.")) {
            (path, beneath_source) = (rest, true);
        }
        if path.first() == Some(&b'e')
            && let Some(rest) = path.strip_prefix(b"elasticsearch.audit.")
        {
            (path, beneath_audit) = (rest, true);
        }
        Self { path, beneath_source, beneath_audit }
    }
}

/// Whether a value is not the text that its member has; times may be numbers.
fn is_no_text(known: Field, value: Scalar<'_>) -> bool {
    let may_be_number = matches!(known, Field::Timestamp | Field::AtTimestamp);
    matches!(value, Scalar::Bool(_)) || (matches!(value, Scalar::Num(_)) && !may_be_number)
}

impl<'a> Visitor<'a> for Members<'a> {
    fn deep(&mut self) {
        self.oddity = Some((ProblemKind::DeepNesting, "objects or lists nested deeper than any record has them"));
    }

    fn enter(&mut self, path: &[u8]) -> bool {
        let path = NestedPath::of(path, self.exported).path;
        if !self.exported && field(path).is_some_and(is_telling) {
            self.oddity = Some((ProblemKind::WrongType, "a member has another type than its name says"));
        }
        if let Some((_, rest)) = change::path(path) {
            return change::is_entered(rest);
        }
        let head = path.split(|&byte| byte == b'.').next().unwrap_or_default();
        matches!(
            head,
            b"_source"
                | b"elasticsearch"
                | b"event"
                | b"user"
                | b"source"
                | b"client"
                | b"http"
                | b"url"
                | b"log"
                | b"trace"
                | b"authentication"
                | b"apikey"
                | b"origin"
                | b"request"
                | b"node"
                | b"cluster"
                | b"cross_cluster_access"
                | b"indices"
                | b"data_stream"
                | b"service"
                | b"component"
                | b"error"
                | b"audit_rest_request_headers"
        ) && path != b"user.roles"
            || change::VERBS.contains(&head)
            || (self.exported && (path == b"fields" || path == SORT || field(path).is_some()))
    }

    fn scalar(&mut self, path: &[u8], value: Scalar<'a>) {
        let place = self.place(path);
        self.put(place, value);
    }
}

/// What a scalar at a path is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'p> {
    Field(Field),
    /// One of the values of `sort`.
    Sort,
    /// One of the names of `indices`.
    Index,
    /// Below a change verb: the object and the path within.
    Change(&'p [u8], &'p [u8]),
    /// Nothing that any decoder asks for.
    Other,
}

impl<'a> Members<'a> {
    /// What stands at a path; notes below which prefixes it stands.
    pub(super) fn place<'p>(&mut self, path: &'p [u8]) -> Place<'p> {
        let nested = NestedPath::of(path, self.exported);
        self.beneath_source |= nested.beneath_source;
        self.beneath_audit |= nested.beneath_audit;
        let path = nested.path;
        if let Some(field) = field(path) {
            Place::Field(field)
        } else if path == SORT && self.exported {
            Place::Sort
        } else if path == INDICES {
            Place::Index
        } else {
            change::path(path).map_or(Place::Other, |(object, rest)| Place::Change(object, rest))
        }
    }

    pub(super) fn put(&mut self, place: Place<'_>, value: Scalar<'a>) {
        match place {
            Place::Field(field) => self.put_field(field, value),
            Place::Sort => {
                if let Some(slot) = self.sort.0.get_mut(self.sort.1) {
                    *slot = Some(value);
                }
                self.sort.1 += 1;
            }
            Place::Index => {
                if let Scalar::Str(element) = value {
                    self.indices.add(element);
                }
            }
            Place::Change(object, rest) => self.change_member(object, rest, value),
            Place::Other => {}
        }
    }

    fn put_field(&mut self, field: Field, value: Scalar<'a>) {
        // Documents of an index may hold a value at several places, as text and in a list.
        let plain = !self.exported && !self.beneath_source && !self.beneath_audit && is_telling(field);
        let slot = &mut self.values[field as usize];
        if slot.is_some() {
            if plain {
                self.oddity = Some((ProblemKind::DuplicateMember, "a member stands twice, the first is used"));
            }
        } else if value != Scalar::Null {
            if plain && is_no_text(field, value) {
                self.oddity = Some((ProblemKind::WrongType, "a member has another type than its name says"));
            }
            *slot = Some(value);
        }
        self.exported |= matches!(field, Field::ExportIndex);
    }
}
