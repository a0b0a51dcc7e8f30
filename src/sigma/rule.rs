//! Rules as they are read: what each asks of an event, and what correlations ask of rules.

use serde_json::Value;

use super::condition::Condition;
use super::pattern::Item;
use super::yaml::YamlNode;

/// What rules and correlations say of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The file it stands in.
    pub file: String,
    /// `id`, a UUID.
    pub id: Option<String>,
    /// `name`, by which correlations refer to it.
    pub name: Option<String>,
    /// `title`.
    pub title: String,
    /// informational, low, medium, high, critical.
    pub level: Option<String>,
}

/// What a rule asks of an event.
#[derive(Debug)]
pub(super) struct SigmaRule {
    pub(super) about: About,
    selections: Vec<RuleSelection>,
    condition: Condition,
}

/// One of the things that a condition names: any of some lists of items, all of which have to hold.
#[derive(Debug)]
struct RuleSelection(Vec<Vec<Item>>);

/// What a correlation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountOf {
    Events,
    Values,
    SigmaRules,
    RulesInOrder,
}

/// What a correlation asks of the events of rules.
#[derive(Debug)]
pub(super) struct Correlation {
    pub(super) about: About,
    pub(super) counts: CountOf,
    /// Names or ids of rules.
    pub(super) of: Vec<String>,
    pub(super) group_by: Vec<String>,
    /// Milliseconds.
    pub(super) timespan: i64,
    /// How many there have to be.
    pub(super) least: usize,
    /// Of which field values are counted.
    pub(super) field: Option<String>,
    /// Whether its rules are told by themselves, too.
    pub(super) generate: bool,
}

/// What a document is.
#[derive(Debug)]
pub(super) enum Read {
    SigmaRule(SigmaRule),
    Correlation(Correlation),
}

/// What a document says of itself.
pub(super) fn about(node: &YamlNode, file: &str) -> About {
    let text = |name: &str| node.get(name).and_then(YamlNode::text).map(str::to_owned);
    About {
        file: file.to_owned(),
        id: text("id"),
        name: text("name"),
        title: text("title").unwrap_or_else(|| "a rule without a title".to_owned()),
        level: text("level"),
    }
}

/// Reads a document.
pub(super) fn read(node: &YamlNode, about: About, fields: &[&str]) -> Result<Read, String> {
    if node.get("action").is_some() {
        return Err("rules in pieces (`action`) are not supported".to_owned());
    }
    if let Some(correlation) = node.get("correlation") {
        return self::correlation(node, correlation, about, fields).map(Read::Correlation);
    }
    let detection = node.get("detection").ok_or("neither a detection nor a correlation")?;
    source(node.get("logsource").ok_or("no logsource")?)?;
    rule(detection, about, fields).map(Read::SigmaRule)
}

/// Whether the events are of ours.
fn source(source: &YamlNode) -> Result<(), String> {
    let wanted =
        [("product", &["elasticsearch"][..]), ("category", &["authentication"]), ("service", &["audit", "security"])];
    for (name, known) in wanted {
        if let Some(text) = source.get(name).and_then(YamlNode::text)
            && !known.contains(&text.to_ascii_lowercase().as_str())
        {
            return Err(format!("it is about the {name} {text}"));
        }
    }
    Ok(())
}

fn rule(detection: &YamlNode, about: About, fields: &[&str]) -> Result<SigmaRule, String> {
    let YamlNode::Map(members) = detection else { return Err("a detection that is no map".to_owned()) };
    if detection.get("timeframe").is_some() {
        return Err("a timeframe is not supported; correlations are".to_owned());
    }
    let named = || members.iter().filter(|(name, _)| name != "condition");
    let selections: Vec<RuleSelection> =
        named().map(|(name, node)| selection(name, node, fields)).collect::<Result<_, String>>()?;
    let names: Vec<String> = named().map(|(name, _)| name.clone()).collect();
    let conditions = detection.get("condition").ok_or("no condition")?.entries();
    let read = |node: &YamlNode| Condition::parse(node.text().ok_or("a condition that is no text")?, &names);
    let condition = Condition::Any(conditions.iter().map(read).collect::<Result<_, String>>()?);
    Ok(SigmaRule { about, selections, condition })
}

fn selection(name: &str, node: &YamlNode, fields: &[&str]) -> Result<RuleSelection, String> {
    let lists = node.entries().iter().map(|entry| {
        let YamlNode::Map(members) = entry else {
            return Err(format!("{name}: words without a field are not supported"));
        };
        members.iter().map(|(field, values)| item(field, values, fields)).collect()
    });
    let lists: Vec<Vec<Item>> = lists.collect::<Result<_, String>>()?;
    if lists.is_empty() || lists.iter().any(Vec::is_empty) {
        return Err(format!("{name}: a selection of nothing"));
    }
    Ok(RuleSelection(lists))
}

/// What single events are not kept of: whoever asks for them would never be answered.
const NOT_HELD: [&str; 5] = [
    "authentication_success",
    "realm_authentication_failed",
    "connection_granted",
    "connection_denied",
    "system_access_granted",
];

fn item(name: &str, values: &YamlNode, fields: &[&str]) -> Result<Item, String> {
    let item = Item::parse(name, values)?;
    is_known(&item.field, fields)?;
    let asked = item.words.iter().find(|word| NOT_HELD.contains(&word.as_str()));
    match asked.filter(|_| item.field == "event.action") {
        Some(action) => Err(format!("it asks for {action} events, which are not kept one by one")),
        None => Ok(item),
    }
}

fn is_known(field: &str, fields: &[&str]) -> Result<(), String> {
    if fields.contains(&field) { Ok(()) } else { Err(format!("the events have no field {field}")) }
}

fn correlation(node: &YamlNode, correlation: &YamlNode, about: About, fields: &[&str]) -> Result<Correlation, String> {
    if correlation.get("aliases").is_some() {
        return Err("aliases of correlations are not supported".to_owned());
    }
    let text = |name: &str| correlation.get(name).and_then(YamlNode::text);
    let list = |name: &str| -> Vec<String> {
        let entries = correlation.get(name).map(YamlNode::entries).unwrap_or_default();
        entries.iter().filter_map(YamlNode::text).map(str::to_owned).collect()
    };
    let counts = match text("type").ok_or("a correlation without a type")? {
        "event_count" => CountOf::Events,
        "value_count" => CountOf::Values,
        "temporal" => CountOf::SigmaRules,
        "temporal_ordered" => CountOf::RulesInOrder,
        other => return Err(format!("correlations of the type {other} are not supported")),
    };
    let (of, group_by) = (list("rules"), list("group-by"));
    if of.is_empty() {
        return Err("a correlation of no rule".to_owned());
    }
    group_by.iter().try_for_each(|field| is_known(field, fields))?;
    let timespan = timespan(text("timespan").ok_or("a correlation without a timespan")?)?;
    let (mut least, mut field) = (of.len(), None);
    if matches!(counts, CountOf::Events | CountOf::Values) {
        let Some(YamlNode::Map(members)) = correlation.get("condition") else {
            return Err("a correlation without a condition".to_owned());
        };
        least = 0;
        for (name, node) in members {
            let number =
                || node.text().and_then(|text| text.parse::<usize>().ok()).ok_or(format!("{name} without a number"));
            match name.as_str() {
                "gte" => least = number()?,
                "gt" => least = number()?.saturating_add(1),
                "field" => field = node.text().map(str::to_owned),
                other => return Err(format!("the condition {other} of a correlation is not supported")),
            }
        }
        if least == 0 {
            return Err("a correlation that holds of nothing".to_owned());
        }
    } else if correlation.get("condition").is_some() {
        return Err("a temporal correlation with a condition is not supported".to_owned());
    }
    if let Some(field) = &field {
        is_known(field, fields)?;
    }
    if (counts == CountOf::Values) != field.is_some() {
        return Err("values are counted of a field, and events of none".to_owned());
    }
    let generate = [node.get("generate"), correlation.get("generate")];
    let generate = generate.into_iter().flatten().any(|node| node.text() == Some("true"));
    Ok(Correlation { about, counts, of, group_by, timespan, least, field, generate })
}

/// `15s`, `30m`, `6h`, `7d`, in milliseconds.
fn timespan(text: &str) -> Result<i64, String> {
    let wrong = || format!("the timespan {text} is not supported");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.parse::<u32>().ok().filter(|&number| number > 0).map(|number| i64::from(number) * unit).ok_or_else(wrong)
}

impl SigmaRule {
    /// Whether an event meets it.
    pub(super) fn meets(&self, event: &Value) -> bool {
        let selected = |at: usize| {
            let lists = self.selections.get(at).map(|selection| selection.0.as_slice()).unwrap_or_default();
            lists.iter().any(|items| items.iter().all(|item| item.meets(&values(event, &item.field))))
        };
        self.condition.holds(&selected)
    }
}

/// What stands in a field, each entry of a list by itself.
pub(super) fn values<'e>(event: &'e Value, field: &str) -> Vec<&'e Value> {
    match field.split('.').try_fold(event, |value, name| value.get(name)) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(value) => vec![value],
    }
}
