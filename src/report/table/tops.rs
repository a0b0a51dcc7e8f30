//! The most frequent principals, sources, reasons, realm chains and nodes: small tables, beside each other where they fit.

use std::io;

use super::{
    Context, INDENT,
    grid::{Column, Grid, Part},
    screen::Screen,
    text::{self, Shown},
};
use crate::model::TopText;

/// Narrowest of these tables, and the blanks between two of them.
const MIN_BLOCK: usize = 34;
const GUTTER: usize = 4;

/// One small table before it is drawn.
struct Block {
    header: &'static str,
    rows: Vec<(Part, u64)>,
    total: u64,
}

pub(super) fn write(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    let tops = &ctx.report.tops;
    let of = |rows: &[TopText], absent: &'static str| -> Vec<(Part, u64)> {
        rows.iter().map(|row| (Part::text(ctx.log_or(row.key.as_deref(), absent)), row.count)).collect()
    };
    let chains = tops.realm_chains.iter().map(|row| (ctx.chain(row.key.as_deref()), row.count)).collect();
    let nodes = tops.nodes.iter().map(|row| {
        let node = row.key.as_deref().map_or_else(|| Shown::own("not logged"), |node| ctx.node(node));
        (Part::text(node), row.count)
    });
    let blocks = [
        Block { header: "PRINCIPAL", rows: of(&tops.principals, "(none)"), total: tops.principals_total },
        Block { header: "SOURCE", rows: of(&tops.sources, "not logged"), total: tops.sources_total },
        Block { header: "REASON", rows: of(&tops.reasons, "unknown"), total: tops.reasons_total },
        Block { header: "REALM CHAIN", rows: chains, total: tops.realm_chains_total },
        Block { header: "NODE", rows: nodes.collect(), total: tops.nodes_total },
    ];
    let blocks: Vec<Block> = blocks.into_iter().filter(|block| !block.rows.is_empty()).collect();
    if blocks.is_empty() {
        return Ok(());
    }
    ctx.title(screen, "Most frequent", "share of all failed attempts")?;
    let beside = ((ctx.width() + GUTTER) / (MIN_BLOCK + GUTTER)).clamp(1, blocks.len());
    // Five in rows of four look worse than three and two.
    let bands = blocks.len().div_ceil(beside);
    let beside = blocks.len().div_ceil(bands);
    let room = (ctx.width() + GUTTER) / beside - GUTTER;
    let mut blocks = blocks.into_iter();
    for number in 0..bands {
        if number > 0 {
            screen.line("")?;
        }
        let band: Vec<Grid> = blocks.by_ref().take(beside).map(|block| grid(ctx, block)).collect();
        let drawn: Vec<(usize, Vec<String>)> = rooms(ctx, &band, room)
            .into_iter()
            .zip(&band)
            .map(|(room, grid)| (room, grid.lines(room, ctx.glyphs)))
            .collect();
        let height = drawn.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
        for line in 0..height {
            let mut text = " ".repeat(INDENT);
            for (at, (room, lines)) in drawn.iter().enumerate() {
                let part = lines.get(line).map_or("", String::as_str);
                text.push_str(part);
                if at + 1 < drawn.len() {
                    text.push_str(&" ".repeat((room + GUTTER).saturating_sub(text::width(part))));
                }
            }
            screen.line(&text)?;
        }
    }
    Ok(())
}

/// Equal widths, except that a table which needs less gives the rest to one beside it which needs more.
fn rooms(ctx: &Context<'_>, band: &[Grid], room: usize) -> Vec<usize> {
    let natural: Vec<usize> = band.iter().map(|grid| grid.natural(ctx.glyphs)).collect();
    let missing: usize = natural.iter().map(|need| need.saturating_sub(room)).sum();
    let mut give = missing;
    let mut rooms = vec![room; band.len()];
    for (room, need) in rooms.iter_mut().zip(&natural) {
        let given = room.saturating_sub(*need).min(give);
        *room -= given;
        give -= given;
    }
    let mut spare = missing - give;
    for (room, need) in rooms.iter_mut().zip(&natural) {
        let taken = need.saturating_sub(*room).min(spare);
        *room += taken;
        spare -= taken;
    }
    rooms
}

fn grid(ctx: &Context<'_>, block: Block) -> Grid {
    // Half the rows of a full table, for there are five of these.
    let rows = ctx.view.top.map_or(block.rows.len(), |top| top.div_ceil(2).min(block.rows.len()));
    let columns = vec![Column::number(&["COUNT"]), Column::number(&["SHARE"]), Column::flexible(&[block.header])];
    let mut grid = Grid::new(columns);
    for (key, count) in block.rows.into_iter().take(rows) {
        grid.row(vec![
            vec![Part::number(count)],
            vec![Part::own(text::percent(count, ctx.report.totals.failed_attempts)).dim()],
            vec![key],
        ]);
    }
    let more = block.total.saturating_sub(rows as u64);
    if more > 0 {
        let more = Part::own(format!("+{} more", text::number(more))).dim();
        grid.row(vec![vec![Part::own("")], vec![Part::own("")], vec![more]]);
    }
    grid
}
