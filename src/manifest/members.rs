//! What a manifest holds beyond what is read of it. Hashes are made of what is read, so nothing else is in any of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::model::Manifest;

/// The members of a manifest's text that are not read, by their paths; one that stands there twice is read once. `None` of a
/// document whose manifest cannot be found: it has none, or two.
#[must_use]
pub fn unread(document: &str, manifest: &Manifest) -> Option<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct SealedReport {
        manifest: MemberPaths,
    }
    let SealedReport { manifest: MemberPaths(found) } = serde_json::from_str(document).ok()?;
    let MemberPaths(read) = serde_json::from_slice(&serde_json::to_vec(manifest).ok()?).ok()?;
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    read.into_iter().for_each(|path| *left.entry(path).or_default() += 1);
    let is_unread = |path: &String| match left.get_mut(path) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    };
    Some(found.into_iter().filter(is_unread).collect())
}

/// The paths of all members of a value, those of objects within it too: `inputs[0].size`.
struct MemberPaths(Vec<String>);

impl MemberPaths {
    /// Puts a name before every path of a value.
    fn below(&mut self, name: &str, within: Self) {
        self.0.extend(within.0.into_iter().map(|path| match path.as_bytes() {
            [b'[', ..] => format!("{name}{path}"),
            _ => format!("{name}.{path}"),
        }));
    }
}

impl<'de> Deserialize<'de> for MemberPaths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberPathsVisitor)
    }
}

struct MemberPathsVisitor;

impl<'de> Visitor<'de> for MemberPathsVisitor {
    type Value = MemberPaths;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MemberPaths, A::Error> {
        let mut members = MemberPaths(Vec::new());
        while let Some(name) = map.next_key::<String>()? {
            let within = map.next_value()?;
            members.below(&name, within);
            members.0.push(name);
        }
        Ok(members)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<MemberPaths, A::Error> {
        let mut members = MemberPaths(Vec::new());
        let mut number = 0;
        while let Some(within) = list.next_element()? {
            members.below(&format!("[{number}]"), within);
            number += 1;
        }
        Ok(members)
    }

    fn visit_bool<E>(self, _: bool) -> Result<MemberPaths, E> {
        Ok(MemberPaths(Vec::new()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<MemberPaths, E> {
        Ok(MemberPaths(Vec::new()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<MemberPaths, E> {
        Ok(MemberPaths(Vec::new()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<MemberPaths, E> {
        Ok(MemberPaths(Vec::new()))
    }

    fn visit_str<E>(self, _: &str) -> Result<MemberPaths, E> {
        Ok(MemberPaths(Vec::new()))
    }

    fn visit_unit<E>(self) -> Result<MemberPaths, E> {
        Ok(MemberPaths(Vec::new()))
    }
}
