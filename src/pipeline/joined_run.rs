//! What was read, joined, and what is made of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::run::RunContext;
use super::{sigma, story};
use crate::aggregate::Successes;
use crate::correlate::Correlated;
use crate::error::Error;
use crate::model::check::CheckReport;
use crate::model::events::{Event, InFinding};
use crate::model::keys::KeysReport;
use crate::model::text::{Span, Text};
use crate::model::timeline::TimelineReport;
use crate::model::{AddressFacts, Coverage, Finding, NewPlace, Report, SigmaReport, StoredInput};
use crate::options::{EventKinds, KeyQuery, Options, StoryKinds};
use crate::part::Problems;
use crate::progress::Verbosity;
use crate::sigma::SigmaRules;
use crate::time::Millis;
use crate::{aggregate, filter, impact, judge, manifest, pseudonyms, review};

/// Everything that was read, joined.
#[derive(Debug)]
pub struct JoinedRun {
    /// Attempts, changes and keys.
    #[doc(hidden)]
    pub joined: Correlated,
    /// Problems met before anything was read: path, kind, plain words.
    pub problems: Problems,
    /// Some input could not be read whole.
    pub incomplete: bool,
    /// The inputs as they are stored, where a manifest was asked for.
    pub(super) stored: Vec<StoredInput>,
    /// By attempt: the finding it is in, once they were made.
    pub(super) in_findings: HashMap<u32, Arc<InFinding>>,
    /// The findings, once they were made.
    pub(super) findings: Vec<Finding>,
    pub(super) run: RunContext,
}

/// A report and what it rests on.
#[derive(Debug)]
pub struct Analysis {
    /// The report.
    pub report: Report,
    /// Some input could not be read whole; the report says which.
    pub incomplete: bool,
    stored: Vec<StoredInput>,
    run: RunContext,
}

impl JoinedRun {
    /// How it was read.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.run.options
    }

    /// Under pseudonyms where nobody is to be named, and without what the filter leaves out: it judges by the names that
    /// pseudonyms stand for.
    #[must_use]
    pub fn looked_at(self) -> Self {
        let shown = self.pseudonymized();
        Self { joined: passing(&shown.joined, &shown.run), ..shown }
    }

    /// Under pseudonyms where nobody is to be named.
    fn pseudonymized(mut self) -> Self {
        if let (Some(names), None) = (&self.run.pseudonyms, &self.run.options.pseudonymized) {
            self.joined = pseudonyms::view(names, self.joined, &mut self.problems, &mut self.stored);
        }
        self
    }

    /// How many threads were chosen.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.run.threads.current_num_threads()
    }

    /// Does some work on these threads.
    pub fn in_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.run.threads.install(work)
    }

    /// How much is said beside results.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.run.progress.verbosity
    }

    /// Conditions that nothing in the log meets, in plain words, with names that are near; no names where nobody may be named.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let is_named = self.run.pseudonyms.is_none() && !self.joined.pseudonymized;
        if is_named { filter::remarks(&self.joined, &self.run.options.filter) } else { Vec::new() }
    }

    /// Judges, counts and lists.
    #[must_use]
    pub fn report(self) -> Analysis {
        let looked = self.looked_at();
        let rules = looked.run.options.sigma.clone();
        let sigma = rules.map(|rules| looked.asked_by(&rules));
        let Self { joined, problems, incomplete, stored, run, .. } = looked;
        run.phase("judging");
        let joined = Arc::new(joined);
        let options = &run.options;
        let judge = || judge::judge(&joined, options);
        let mut report = run.threads.install(|| aggregate::report(&joined, judge, &problems, options));
        run.threads.install(|| impact::after_entry(&joined, &mut report.findings, &run.options.surroundings));
        run.threads.install(|| aggregate::powers(&joined, &mut report.findings, &report.denied));
        let (addresses, wrong) = aggregate::addresses(&joined, &run.options, Successes::Outside);
        report.addresses = addresses;
        report.sigma = sigma;
        let incomplete = incomplete || !report.coverage.reconciled || wrong.is_some();
        report.coverage.cannot_tell.extend(wrong.map(|wrong| unread_geography(&run, wrong)));
        name_in_parameters(&run, &mut report.parameters);
        Analysis { report, incomplete, stored, run }
    }

    /// What rules of others find.
    fn asked_by(&self, rules: &SigmaRules) -> SigmaReport {
        if self.joined.pseudonymized {
            return sigma::none(rules);
        }
        self.run.phase("running rules");
        let kinds = EventKinds { attempts: true, changes: true, powerful: true, ..EventKinds::default() };
        self.run.threads.install(|| sigma::found(rules, self.events(kinds)))
    }

    /// Judges, so that events know the findings that they are in: those of the report with the same filter.
    pub fn find(&mut self) {
        self.run.phase("judging");
        let verdicts = self.run.threads.install(|| judge::judge(&self.joined, &self.run.options));
        for judged in verdicts.findings {
            let finding = judged.finding;
            let told = Arc::new(InFinding {
                id: finding.id.clone(),
                kind: finding.kind.clone(),
                severity: finding.severity.clone(),
                verdict: finding.verdict.clone(),
            });
            self.in_findings.extend(judged.attempts.into_iter().map(|at| (at, Arc::clone(&told))));
            self.findings.push(finding);
        }
    }

    /// The findings that [`Self::find`] made, in the order of the report; what followed an entry is not among what they tell.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Accounts at addresses from which they had not got in before, by first success: all of them.
    #[must_use]
    pub fn new_places(&self) -> Vec<NewPlace> {
        self.run.threads.install(|| aggregate::new_places(&self.joined, &self.run.options, usize::MAX)).0
    }

    /// Tells the story of the actor whom the filter names, and whether some input could not be read whole.
    #[must_use]
    pub fn story(self, kinds: StoryKinds) -> (TimelineReport, bool) {
        let Self { joined, problems, incomplete, run, .. } = self.pseudonymized();
        run.phase("judging");
        let passing = passing(&joined, &run);
        let mut story = run.threads.install(|| story::story(&joined, &passing, kinds, &problems, &run.options));
        name_in_parameters(&run, &mut story.parameters);
        (story, incomplete)
    }

    /// The life of each API key that is asked for.
    #[must_use]
    pub fn keys(&self, query: &KeyQuery) -> KeysReport {
        let run = &self.run;
        let mut keys = run.threads.install(|| aggregate::keys(&self.joined, &self.problems, &run.options, query));
        name_in_parameters(run, &mut keys.parameters);
        keys
    }

    /// What logs and settings would not show when it is needed, and whether some input could not be read whole.
    #[must_use]
    pub fn review(self) -> (CheckReport, bool) {
        let Self { joined, problems, incomplete, run, .. } = self.pseudonymized();
        run.phase("checking");
        let mut report = run.threads.install(|| review::review(&joined, &problems, &run.options));
        name_in_parameters(&run, &mut report.parameters);
        (report, incomplete)
    }

    /// Every failed attempt, security change and powerful action, by time; each is made when it is asked for. Successes and
    /// refusals are records of many events, which `single_events` finds one by one.
    pub fn events(&self, kinds: EventKinds) -> impl Iterator<Item = Event> {
        self.events_with(kinds, &[])
    }

    /// The same with others among them, which are in order.
    pub fn events_with<'e>(&'e self, kinds: EventKinds, found: &'e [Event]) -> impl Iterator<Item = Event> + 'e {
        self.events_at(kinds, found, |_| true)
    }

    /// Of all these the ones whose time is `wanted`.
    pub fn events_at<'e>(
        &'e self,
        kinds: EventKinds,
        found: &'e [Event],
        wanted: impl Fn(Millis) -> bool + Copy + 'e,
    ) -> impl Iterator<Item = Event> + 'e {
        let (known, _) = aggregate::addresses(&self.joined, &self.run.options, Successes::All);
        let known: HashMap<String, AddressFacts> =
            known.into_iter().map(|known| (known.address, known.facts)).collect();
        aggregate::events(&self.joined, kinds, found, wanted).map(move |mut event| {
            let facts = event.source.as_ref().and_then(|source| known.get(source));
            event.source_known = facts.cloned().map(Box::new);
            event.finding = event.attempt.and_then(|at| self.in_findings.get(&at)).cloned();
            event
        })
    }

    /// What was read, and what these logs cannot tell.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.run.threads.install(|| aggregate::coverage(&self.joined, &self.problems, &self.run.options))
    }

    /// What was not read, or is not held of kinds of events, in plain words: for outputs that have no room for it.
    #[must_use]
    pub fn lacks(&self, kinds: EventKinds) -> Vec<String> {
        let unread = self.problems.iter().map(|(path, _, message)| format!("{path}: {message}"));
        let inputs = self.joined.state.inputs.iter();
        let broken = inputs.filter_map(|input| Some(format!("{}: {}", input.label, input.error.as_ref()?)));
        let powerful = self.joined.powerful.lacking(|_| true).filter(|_| kinds.powerful);
        unread.chain(broken).chain(self.joined.state.left_out()).chain(powerful).collect()
    }
}

impl Analysis {
    /// How much is said beside results.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.run.progress.verbosity
    }

    /// How it was read.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.run.options
    }

    /// Gives the report its manifest, if the options ask for one. Nothing in the report may change after it.
    ///
    /// # Errors
    /// None that could happen: the report is written to memory.
    pub fn seal(&mut self) -> Result<(), Error> {
        if self.run.options.manifest {
            manifest::seal(&mut self.report, self.stored.clone())?;
        }
        Ok(())
    }

    /// What the manifest, if there is one, cannot answer for, in plain words.
    #[must_use]
    pub fn unhashed(&self) -> Vec<String> {
        manifest::unhashed(&self.stored).collect()
    }

    /// Does something with the report in the threads that made it: groups are made while they are written.
    pub fn within<T: Send>(&self, work: impl FnOnce(&Report) -> T + Send) -> T {
        self.run.threads.install(|| work(&self.report))
    }
}

/// What the filter lets pass. Whom it asks for is a name, too.
fn passing(joined: &Correlated, run: &RunContext) -> Correlated {
    let mut passing = filter::view(joined, &run.options.filter);
    if run.pseudonyms.is_some() {
        pseudonyms::withhold(&mut passing);
    }
    passing
}

/// What a damaged database leaves open; the name of a file may say whose it is.
fn unread_geography(run: &RunContext, wrong: String) -> Text {
    let wrong = if run.pseudonyms.is_some() { "a database of --geoip is damaged".to_owned() } else { wrong };
    Text::from("where some addresses are: ").with(Span::name(&wrong))
}

/// The parameters name somebody, too: whom the filter asks for, for one.
fn name_in_parameters(run: &RunContext, parameters: &mut BTreeMap<String, serde_json::Value>) {
    if let Some(names) = &run.pseudonyms {
        pseudonyms::parameters(names, parameters);
    } else if let Some(key) = &run.options.pseudonymized {
        parameters.insert("pseudonymized".to_owned(), serde_json::json!(key));
    }
}
