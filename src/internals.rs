//! Every module, for the tests, benches and fuzz targets of this repository. Nothing of it is promised to anybody: other
//! programs find what they need at the root.

/// Shows modules under their own names.
macro_rules! shown {
    ($($name:ident),* $(,)?) => {
        $(
            #[allow(unused_imports, missing_docs, reason = "some modules have nothing but modules in them")]
            pub mod $name {
                pub use crate::$name::*;
            }
        )*
    };
}

shown! {
    action_class,
    address_lists,
    aggregate,
    cli,
    config,
    context,
    copies,
    correlate,
    credential,
    data,
    decode,
    diff,
    document,
    error,
    escape,
    event,
    fast_reader,
    files,
    filter,
    framing,
    geography,
    impact,
    input,
    interrupt,
    judge,
    ledger,
    lines,
    manifest,
    model,
    network,
    numbers,
    options,
    output,
    part,
    pipeline,
    progress,
    pseudonyms,
    reason,
    reserved,
    review,
    run,
    schemas,
    show,
    sigma,
    signing,
    spill,
    state,
    text,
    time,
    verify,
    watch,
    words,
}
