//! Generator of synthetic Elasticsearch clusters (placeholder until the model lands).
fn main() {}
