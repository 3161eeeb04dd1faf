//! A workload's specification from anywhere: what is understood is shown as something that means the same, and makes the
//! requests that it promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nuthatch_trace::workload::{Kind, Spec, Workload};

fuzz_target!(|input: (u8, &str)| {
    let (kind, text) = input;
    // A kind is seldom guessed, so most inputs get one.
    let text = match Kind::ALL.get(usize::from(kind)) {
        Some(kind) => format!("{kind}:{text}"),
        None => text.to_owned(),
    };
    match text.parse::<Spec>() {
        Ok(spec) => {
            assert_eq!(spec.to_string().parse().as_ref(), Ok(&spec), "{text}");
            let requests = Workload::new(&spec).take(300).count() as u64;
            assert_eq!(requests, spec.requests().min(300), "{text}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
