//! What is known of addresses beyond the logs: beside them wherever tables name them, and in a table of their own.

use std::collections::BTreeMap;

use crate::document::{Cell, Column, ListedName, Media, NameList, Section, Table, Tone};
use crate::model::text::{Span, Text};
use crate::model::{AddressFacts, KnownAddress, Report, SourceCount};

/// What is known, by address.
#[derive(Debug, Clone, Default)]
pub(super) struct Known<'r>(BTreeMap<&'r str, &'r KnownAddress>);

impl<'r> Known<'r> {
    /// What a report knows.
    pub(super) fn of(report: &'r Report) -> Self {
        Self(report.addresses.iter().map(|known| (known.address.as_str(), known)).collect())
    }

    /// An address with what is known of it, as a name of a list.
    pub(super) fn name(&self, address: &str) -> ListedName {
        self.0.get(address).map_or_else(|| ListedName::new(Span::address(address)), |known| name(address, &known.facts))
    }

    /// A cell of one address.
    pub(super) fn cell(&self, address: Option<&str>, absent: &'static str) -> Cell {
        match address {
            Some(address) if self.0.contains_key(address) => {
                Cell::Names(NameList { items: vec![self.name(address)], total: 1 })
            }
            address => Cell::logged(Span::address, address, absent),
        }
    }

    /// Addresses and how often each was met.
    pub(super) fn counted(&self, list: &[SourceCount], total: u64) -> NameList {
        let items = list.iter().map(|source| self.name(&source.address).times(source.count)).collect();
        NameList { items, total: total.max(list.len() as u64) }
    }
}

/// An address with what is known of it.
pub(super) fn name(address: &str, facts: &AddressFacts) -> ListedName {
    let mut note = Text::new();
    for word in facts.words() {
        note.push(if note.is_empty() { " (" } else { ", " });
        note.push(Span::name(&word));
    }
    ListedName { note: note.with(")"), ..ListedName::new(Span::address(address)) }
}

/// The columns of what is known of an address, for programs.
pub(super) fn columns() -> [Column; 5] {
    [
        Column::text("source_network", "Network").on(Media::DATA),
        Column::text("source_standing", "Known as").on(Media::DATA),
        Column::text("source_country", "Country").on(Media::DATA),
        Column::text("source_as", "AS").on(Media::DATA),
        Column::text("source_flags", "Kind").on(Media::DATA),
    ]
}

/// The cells of [`columns`].
pub(super) fn cells(facts: Option<&AddressFacts>) -> [Cell; 5] {
    let geo = facts.and_then(|facts| facts.geo.as_ref());
    let flags: &[String] = geo.map_or(&[], |geo| &geo.flags);
    [
        text(facts.and_then(|facts| facts.network.as_deref())),
        text(facts.and_then(|facts| facts.listed.as_ref()).map(|listed| listed.standing.as_str())),
        text(geo.and_then(|geo| geo.country.as_deref())),
        geo.and_then(|geo| geo.as_number).map_or(Cell::NONE, |number| Cell::of(format!("AS{number}"))),
        NameList::cell(Span::name, flags, flags.len() as u64),
    ]
}

fn text(text: Option<&str>) -> Cell {
    Cell::logged(Span::name, text, "")
}

/// The section, where something is known.
pub(super) fn section(report: &Report) -> Option<Section<'_>> {
    if report.addresses.is_empty() {
        return None;
    }
    let columns = vec![
        Column::number("failures", "Failures"),
        Column::text("address", "Address"),
        Column::text("network", "Network"),
        Column::text("standing", "Known as"),
        Column::text("label", "Label").below("standing", "  label"),
        Column::text("list", "List").on(Media::DATA.and(Media::PAGE)),
        Column::text("country", "Country"),
        Column::text("country_name", "Country name").on(Media::DATA),
        Column::text("city", "City").below("country", "  city"),
        Column::text("as_number", "AS"),
        Column::text("as_organization", "Organization").below("as_number", "  organization"),
        Column::text("flags", "Kind"),
    ];
    let section = Section::new("addresses", "Addresses", "Addresses");
    let remark = "what the configuration, lists and databases know of them";
    Some(section.remark(remark).with(Table::of("addresses", columns, &report.addresses, row)))
}

fn row(known: &KnownAddress) -> Vec<Cell> {
    let [network, standing, country, number, flags] = cells(Some(&known.facts));
    let listed = known.facts.listed.as_ref();
    let geo = known.facts.geo.as_ref();
    let is_bad = listed.is_some_and(|listed| listed.standing == "bad");
    vec![
        Cell::number(known.failures),
        Cell::of(Span::address(&known.address)),
        network,
        standing.tone(if is_bad { Tone::Bad } else { Tone::Plain }),
        text(listed.and_then(|listed| listed.label.as_deref())),
        text(listed.and_then(|listed| listed.list.as_deref())),
        country,
        text(geo.and_then(|geo| geo.country_name.as_deref())),
        text(geo.and_then(|geo| geo.city.as_deref())),
        number,
        text(geo.and_then(|geo| geo.as_organization.as_deref())),
        flags,
    ]
}
