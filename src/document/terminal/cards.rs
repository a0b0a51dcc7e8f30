//! Findings, one by one.

use std::io;

use super::pieces::Pieces;
use super::{CARD_INDENT, INDENT, Ink, TerminalWriter, is_shown};
use crate::document::view::{FindingsTold, View};
use crate::document::{Block, Card, Cards, Document, Media, Tone};
use crate::escape;
use crate::model::text::{Span, Text};

impl TerminalWriter<'_> {
    /// The findings of these ids, whole, and nothing else.
    pub(super) fn only(&mut self, document: &Document<'_>, ids: &[String]) -> io::Result<()> {
        let blocks = document.sections.iter().flat_map(|section| &section.blocks);
        let cards: Vec<&Cards<'_>> =
            blocks.filter_map(|block| if let Block::Cards(cards) = block { Some(cards) } else { None }).collect();
        let mut found = Vec::new();
        for id in ids {
            let mut all = cards.iter().flat_map(|cards| (cards.cards)());
            let Some(card) = all.find(|card| card.id.raw().eq_ignore_ascii_case(id)) else {
                let total: usize = cards.iter().map(|cards| cards.total).sum();
                let id = escape::terminal(id, true);
                let are = match total {
                    0 => "there is none".to_owned(),
                    1 => "there is F1 alone".to_owned(),
                    _ => format!("there are {total}, F1 to F{total}"),
                };
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no finding {id}: {are}")));
            };
            found.push(card);
        }
        self.whole = true;
        self.title(document)?;
        for card in &found {
            self.screen.blank()?;
            self.card(card)?;
        }
        Ok(())
    }

    pub(super) fn cards(&mut self, cards: &Cards<'_>) -> io::Result<()> {
        let rows = self.view.top.unwrap_or(Some(View::DEFAULT_TOP)).unwrap_or(usize::MAX);
        let shown = match self.view.told {
            Some(FindingsTold::First(most)) => most.unwrap_or(cards.total),
            _ => cards.on_screen.min(rows),
        };
        let shown = shown.min(cards.total);
        for (number, card) in (cards.cards)().take(shown).enumerate() {
            if number > 0 {
                self.screen.blank()?;
            }
            self.card(&card)?;
        }
        if cards.total > shown && (rows > shown || self.view.told.is_some()) {
            self.screen.blank()?;
            let more = self.ink.text(&others(shown, cards), Tone::Dim);
            self.lines(&more, INDENT, INDENT, self.width)?;
        }
        Ok(())
    }

    fn card(&mut self, card: &Card<'_>) -> io::Result<()> {
        let id = self.ink.text(&Span::Name(card.id.clone()).into(), Tone::Bold);
        let mut lead = id.wrap(12).into_iter().next().unwrap_or_default();
        lead.blanks(2);
        let title = self.ink.text(&card.title, Tone::Bold);
        self.led(&lead, &title, INDENT, self.width)?;
        let mut facts = Pieces::default();
        let told = card.facts.iter().filter(|(media, ..)| media.has(Media::SCREEN));
        for (at, (_, fact, tone)) in told.enumerate() {
            if at > 0 {
                facts.gap();
                facts.append(Ink::sign(self.ink.glyphs.dot, Tone::Dim));
                facts.gap();
            }
            facts.append(self.ink.text(fact, *tone));
        }
        if !facts.is_empty() {
            self.lines(&facts, CARD_INDENT, CARD_INDENT, self.width)?;
        }
        card.blocks.iter().filter(|block| is_shown(block)).try_for_each(|block| self.block(block, CARD_INDENT))
    }
}

/// How to get at the findings that are not told.
fn others(shown: usize, cards: &Cards<'_>) -> Text {
    let next = (cards.cards)().nth(shown).map(|card| Span::Finding(card.id)).map_or_else(Text::new, Text::from);
    Text::count((cards.total - shown) as u64, "more finding is", "more findings are")
        .with(" explained with --finding ")
        .with(next)
        .with(", all with --explain 0.")
}
