//! Work whose result does not depend on time, done on both cores at once.

use std::{sync::Mutex, thread};

const WORKERS: usize = 2;

/// What `work` makes of each task, in the order of the tasks. A task that panicked gives `None`.
pub(super) fn share_out<T: Send, R: Send>(tasks: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<Option<R>> {
    let mut results = Vec::from_iter(tasks.iter().map(|_| None));
    let waiting = Mutex::new(tasks.into_iter().zip(&mut results));
    thread::scope(|scope| {
        let worker = || {
            while let Some((task, result)) = waiting.lock().ok().and_then(|mut waiting| waiting.next()) {
                *result = Some(work(task));
            }
        };
        let workers = [(); WORKERS].map(|()| scope.spawn(worker));
        // A panic was printed, and its task has no result.
        workers.into_iter().for_each(|worker| drop(worker.join()));
    });
    drop(waiting);
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_tasks() {
        let doubled = share_out((0..100).collect(), |number| 2 * number);
        assert_eq!(doubled, (0..100).map(|number| Some(2 * number)).collect::<Vec<_>>());
    }
}
