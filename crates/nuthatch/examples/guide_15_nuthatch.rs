//! The end of docs/guide: the same site, with `nuthatch::Cache`.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use nuthatch::{BuildError, Cache, Equivalent, ManualClock};
use std::{sync::Arc, thread, time::Duration};

/// Step 2: types of our own. A page belongs to a language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    language: String,
    path: String,
}

/// Step 3: a question that borrows both parts of the key. `Borrow` could not lend this; `Equivalent` can compare it.
#[derive(Clone, Copy, Hash)]
struct At<'a> {
    language: &'a str,
    path: &'a str,
}

impl Equivalent<Place> for At<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        self.language == place.language && self.path == place.path
    }
}

/// Makes a key of a question, but only when a value is about to be kept.
impl From<At<'_>> for Place {
    fn from(at: At<'_>) -> Self {
        Self { language: at.language.to_owned(), path: at.path.to_owned() }
    }
}

fn render(at: At<'_>) -> Arc<str> {
    format!("<h1 lang={}>{}</h1>", at.language, at.path).into()
}

fn main() -> Result<(), BuildError> {
    // Steps 13 and 14: no bound, no `build`; what is out of range is an error. Step 11: a clock that we move.
    let time = ManualClock::new();
    let pages: Cache<Place, Arc<str>> = Cache::builder()
        .weight_capacity(10_000)
        .weigher(|place: &Place, page: &Arc<str>| (place.path.len() + page.len()) as u64)
        .time_to_live(Duration::from_secs(60))
        .clock(time.clock())
        .build()?;

    // Steps 6 to 10: threads share it by `&`. Four ask, one renders, all get the same page.
    let about = At { language: "en", path: "/about" };
    let all: Vec<Arc<str>> = thread::scope(|scope| {
        let ask = || pages.get_or_insert_with(&about, || render(about));
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    assert!(all.len() == 4 && all.iter().all(|page| Arc::ptr_eq(page, &all[0])));

    // Step 5, and what every step after it kept: no lock is held while a page is rendered of another page.
    let news = At { language: "en", path: "/news" };
    let page = pages.get_or_insert_with(&news, || {
        let inner = pages.get_or_insert_with(&about, || render(about));
        format!("{inner}, and what is new").into()
    });
    assert!(page.ends_with("</h1>, and what is new"));

    // Step 8: a value borrowed in its place, and changed in its place. Guards that end before the next call.
    assert_eq!(pages.get_ref(&news).map(|page| page.len()), Some(page.len()));
    pages.update(&news, |page| *page = "nothing new".into());
    // Step 4: one look-up, one step that nobody comes between.
    let page = pages.entry(news.into()).or_insert_with(|| "not called".into());
    assert_eq!(&*page, "nothing new");

    // Step 11: to the tick.
    time.advance(Duration::from_secs(60));
    assert_eq!(pages.get(&about), None);

    // Step 12: counted without a lock, with the reason for every miss.
    let stats = pages.stats();
    println!(
        "hits {}, misses {}, bytes {} of {}",
        stats.hits,
        stats.misses,
        pages.weight(),
        pages.capacity()
    );
    Ok(())
}
