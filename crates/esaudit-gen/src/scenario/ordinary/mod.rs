//! Life as it is: nothing of it may be told as an attack.

pub(crate) mod admin;
pub(crate) mod machines;
pub(crate) mod people;

use crate::scenario::stage::Stage;

/// One or two ordinary things that happen somewhere in a log that is about something else.
pub(crate) fn sprinkle(stage: &mut Stage) {
    for _ in 0..1 + stage.rng.index(2) {
        match stage.rng.below(12) {
            0 => people::help_desk(stage, 2),
            1 => admin::leaver(stage),
            2 => admin::rotate(stage),
            3 => admin::nightly(stage),
            4 => machines::probes(stage, 1),
            5 => machines::challenges(stage),
            6 => machines::builds(stage),
            7 => people::on_call_phone(stage),
            8 => people::second_device(stage),
            9 => {
                let runs = stage.count(2, 20);
                machines::pipeline(stage, runs);
            }
            _ => people::call(stage),
        }
    }
}
