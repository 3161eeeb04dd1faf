//! Step 1 of docs/guide: a plain map as a cache, and who owns what.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::collections::HashMap;

/// What is slow: stands for a template, a query, a call to another service.
fn render(path: &str) -> String {
    format!("<h1>{path}</h1>")
}

/// The page of `path`, rendered only if the map does not have it. The page is lent, and only for as long as the map is.
fn page<'a>(pages: &'a mut HashMap<String, String>, path: &str) -> &'a str {
    if !pages.contains_key(path) {
        pages.insert(path.to_owned(), render(path));
    }
    &pages[path]
}

fn main() {
    let mut pages = HashMap::new();
    assert_eq!(page(&mut pages, "/about"), "<h1>/about</h1>");
    assert_eq!(page(&mut pages, "/about"), "<h1>/about</h1>"); // this one was not rendered

    // `insert` takes the key and the value: the map owns them now and will drop them.
    let path = String::from("/news");
    let old = pages.insert(path, String::from("nothing new"));
    assert_eq!(old, None);

    // `get` lends. To keep what was lent while the map changes, make a copy of your own.
    let copy: Option<String> = pages.get("/news").cloned();
    pages.clear();
    assert_eq!(copy.as_deref(), Some("nothing new"));

    // `remove` gives ownership back: nothing is copied.
    pages.insert(String::from("/about"), render("/about"));
    let taken: Option<String> = pages.remove("/about");
    assert_eq!(taken.as_deref(), Some("<h1>/about</h1>"));
    assert!(pages.is_empty());

    println!("taken out again: {taken:?}");
}
