//! docs/guide and its examples keep step: what a chapter shows is what runs.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, sync::mpsc, thread, time::Duration};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The numbered chapters, in order: `01-plain-map` and so on.
fn chapters() -> Vec<String> {
    let names = fs::read_dir(Path::new(ROOT).join("docs/guide")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut chapters: Vec<_> = names
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README")
        .collect();
    chapters.sort();
    chapters
}

fn chapter_text(chapter: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(format!("docs/guide/{chapter}.md"))).unwrap()
}

fn example_name(chapter: &str) -> String {
    format!("guide_{}", chapter.replace('-', "_"))
}

fn example_source(chapter: &str) -> PathBuf {
    Path::new(ROOT).join(format!("crates/nuthatch/examples/{}.rs", example_name(chapter)))
}

/// The lines of each fenced block whose opening line is exactly "```" and `language`.
fn blocks<'a>(markdown: &'a str, language: &str) -> Vec<Vec<&'a str>> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, Vec<&str>)> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(opened)) => open = Some((opened == language, Vec::new())),
            (Some((_, lines)), None) => lines.push(line),
            (Some(_), Some(_)) => {
                blocks.extend(open.take().filter(|(wanted, _)| *wanted).map(|(_, lines)| lines));
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Whether `lines` follow one another in `source`, however deep either is indented.
fn shows(source: &str, lines: &[&str]) -> bool {
    let source: Vec<_> = source.lines().map(str::trim).collect();
    let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
    source.windows(lines.len()).any(|window| window == lines)
}

/// A block marked `rust,ignore` is an excerpt of the chapter's example; a line `// ...` stands for what is left out.
/// All other blocks are compiled and run, or have to fail, as documentation tests of the crate.
#[test]
fn what_a_chapter_shows_stands_in_its_example() {
    for chapter in chapters() {
        let source = fs::read_to_string(example_source(&chapter)).unwrap();
        let text = chapter_text(&chapter);
        let excerpts = blocks(&text, "rust,ignore");
        assert!(!excerpts.is_empty(), "{chapter} shows nothing of its example");
        for excerpt in excerpts {
            for part in excerpt.split(|line| line.trim() == "// ...") {
                assert!(shows(&source, part), "{chapter}: not in its example:\n{}", part.join("\n"));
            }
        }
    }
}

#[test]
fn every_chapter_names_its_example_and_every_example_has_a_chapter() {
    let chapters = chapters();
    for chapter in &chapters {
        let link = format!("../../crates/nuthatch/examples/{}.rs", example_name(chapter));
        assert!(chapter_text(chapter).contains(&link), "{chapter} does not link to {link}");
    }
    let examples = fs::read_dir(Path::new(ROOT).join("crates/nuthatch/examples")).unwrap();
    let mut examples: Vec<_> =
        examples.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    examples.retain(|name| name.starts_with("guide_"));
    examples.sort();
    let expected: Vec<_> = chapters.iter().map(|chapter| example_name(chapter) + ".rs").collect();
    assert_eq!(examples, expected);
}

/// `src/pages.rs` names each chapter, or its code would not be compiled.
#[test]
fn the_code_of_every_chapter_is_compiled() {
    let pages = fs::read_to_string(Path::new(ROOT).join("crates/nuthatch/src/pages.rs")).unwrap();
    for chapter in chapters() {
        assert!(pages.contains(&format!("docs/guide/{chapter}.md")), "{chapter}");
    }
}

#[test]
fn the_steps_use_the_standard_library_only() {
    for chapter in chapters().iter().filter(|chapter| chapter.as_str() < "15") {
        let source = fs::read_to_string(example_source(chapter)).unwrap();
        assert!(!source.contains("nuthatch"), "{chapter}");
    }
}

#[test]
fn every_example_runs_and_says_what_it_did() {
    for chapter in chapters() {
        let output = run(&chapter);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{chapter}: {complaint}");
        assert!(!output.stdout.is_empty(), "{chapter} prints nothing");
    }
}

/// Runs the example that was built together with this test. One that stands still is an error too: half of the steps
/// are about locks.
fn run(chapter: &str) -> Output {
    let folder = env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples");
    let program = folder.join(example_name(chapter)).with_extension(env::consts::EXE_EXTENSION);
    let built = fs::metadata(&program).and_then(|file| file.modified());
    let written = fs::metadata(example_source(chapter)).and_then(|file| file.modified()).unwrap();
    if built.is_err() || built.is_ok_and(|built| built < written) {
        panic!("{chapter}: its example is not built; cargo build -p nuthatch --examples");
    }
    let (sender, outcome) = mpsc::channel();
    thread::spawn(move || sender.send(Command::new(program).output()));
    outcome
        .recv_timeout(Duration::from_secs(300))
        .unwrap_or_else(|_| panic!("{chapter} stands still"))
        .unwrap()
}

/// Every relative link of the guide and of the notes on migrating leads to a file.
#[test]
fn every_link_leads_to_a_file() {
    let guide = Path::new(ROOT).join("docs/guide");
    let pages = fs::read_dir(&guide).unwrap().map(|entry| entry.unwrap().path());
    for page in pages.chain([Path::new(ROOT).join("docs/migrating.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        for (link, _) in links.filter(|(link, _)| !link.starts_with("http") && !link.starts_with('#')) {
            let file = page.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(file.exists(), "{}: {link} leads nowhere", page.display());
        }
    }
}
