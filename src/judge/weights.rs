//! The table of weights, read once. The file is written by `benches/fit_weights.py`, which fits it to exported features.

use std::sync::LazyLock;

use super::features::Feature;
use super::kinds::Kind;

/// The table as it is kept: tab-separated, one weight a line.
const TABLE: &str = include_str!("weights.tsv");

/// Whom a weight speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WeightSubject {
    /// Every hostile kind.
    Hostile,
    /// Every operational kind.
    Operational,
    /// Nothing happened.
    Ordinary,
    /// One kind.
    Kind(Kind),
}

impl WeightSubject {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "hostile" => Some(Self::Hostile),
            "operational" => Some(Self::Operational),
            "ordinary" => Some(Self::Ordinary),
            kind => Kind::parse(kind).map(Self::Kind),
        }
    }

    fn number(self) -> usize {
        match self {
            Self::Hostile => 0,
            Self::Operational => 1,
            Self::Ordinary => 2,
            Self::Kind(kind) => 3 + kind as usize,
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
struct WeightRow {
    subject: WeightSubject,
    /// `None`: the bias.
    feature: Option<Feature>,
    value: f64,
}

fn row(line: &str) -> Option<WeightRow> {
    let mut columns = line.split('\t');
    let subject = WeightSubject::parse(columns.next()?)?;
    let name = columns.next()?;
    let feature = Feature::ALL.iter().copied().find(|feature| feature.name() == name);
    if feature.is_none() && name != "bias" {
        return None;
    }
    Some(WeightRow { subject, feature, value: columns.next()?.parse().ok()? })
}

/// Lines that hold a weight.
fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#') && !line.starts_with("subject\t") && !line.is_empty())
}

/// The weights of a subject: by number of the feature, the bias last.
pub(super) fn of(subject: WeightSubject) -> &'static [f64] {
    static WEIGHTS: LazyLock<Vec<Vec<f64>>> = LazyLock::new(|| {
        let mut weights = vec![vec![0.0; Feature::ALL.len() + 1]; 3 + Kind::ALL.len()];
        for row in lines().filter_map(row) {
            let feature = row.feature.map_or(Feature::ALL.len(), |feature| feature as usize);
            weights[row.subject.number()][feature] = row.value;
        }
        weights
    });
    &WEIGHTS[subject.number()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_understood() {
        for line in lines() {
            assert!(row(line).is_some(), "{line}");
            assert_eq!(line.split('\t').count(), 6, "{line}");
        }
        assert!(lines().count() > 50);
    }
}
