//! Step 2 of docs/guide: types of our own for the key and the value.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::collections::HashMap;

/// Where a page lives. Never ends with a slash, but for the front page: `/about/` and `/about` are one page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Path(String);

impl Path {
    fn new(path: &str) -> Self {
        let trimmed = path.trim_end_matches('/');
        Self(if trimmed.is_empty() { "/" } else { trimmed }.to_owned())
    }
}

/// A page as it is sent to a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Page(String);

fn render(path: &Path) -> Page {
    Page(format!("<h1>{}</h1>", path.0))
}

#[derive(Default)]
struct Pages {
    map: HashMap<Path, Page>,
}

impl Pages {
    fn get(&self, path: &Path) -> Option<&Page> {
        self.map.get(path)
    }

    fn insert(&mut self, path: Path, page: Page) -> Option<Page> {
        self.map.insert(path, page)
    }
}

fn main() {
    let mut pages = Pages::default();
    let about = Path::new("/about/");
    let page = render(&about);
    pages.insert(about, page);

    // Whoever has a `Path` has one that was put in order: there is one place to get it right, the constructor.
    assert_eq!(pages.get(&Path::new("/about")), Some(&Page("<h1>/about</h1>".to_owned())));
    assert_eq!(Path::new("///"), Path::new("/"));

    // The names are gone when the program runs: a newtype is laid out as what it wraps.
    assert_eq!(size_of::<Path>(), size_of::<String>());

    println!("one entry for two spellings: {:?}", pages.map);
}
