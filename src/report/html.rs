//! stub
use super::*;
/// `--format html`.
#[derive(Debug, Clone, Copy)]
pub struct Html;
impl Renderer for Html {
    fn name(&self) -> &'static str {
        "html"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["html", "htm"]
    }
    fn about(&self) -> &'static str {
        "one page for a browser"
    }
    fn rows(&self) -> Option<usize> {
        Some(1000)
    }
    fn render(&self, _report: &Report, _view: &View, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(b"<!doctype html>")
    }
}
