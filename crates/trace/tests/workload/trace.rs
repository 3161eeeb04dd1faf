//! A workload in place of a trace.

use nuthatch_trace::{Format, Request, Trace, workload::Spec};

use crate::requests;

#[test]
fn a_trace_of_a_workload_hands_out_its_requests_and_starts_over() {
    let spec = "mixed:keys=1000,requests=12345".parse::<Spec>().unwrap();
    let mut trace = Trace::of_workload(&spec);
    assert_eq!((trace.name(), trace.format()), ("mixed:keys=1000,requests=12345", Format::Workload));
    assert_eq!((trace.position_bytes(), trace.length_bytes()), (0, Some(12_345)));
    let again = trace.reopen().unwrap().unwrap();
    let (mut all, mut batch) = (Vec::new(), Vec::new());
    loop {
        trace.read_batch(&mut batch, 1000).unwrap();
        assert!(batch.len() <= 1000);
        if batch.is_empty() {
            break;
        }
        all.append(&mut batch);
    }
    assert_eq!(trace.position_bytes(), 12_345);
    assert_eq!(all, requests("mixed:keys=1000,requests=12345"));
    assert_eq!(again.collect::<Result<Vec<Request>, _>>().unwrap(), all);
}
