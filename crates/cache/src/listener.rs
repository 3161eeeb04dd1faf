//! Telling the user what left, once no lock is held.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
};

use crate::Cause;

pub(crate) type Listener<K, V> = Box<dyn Fn(&K, &V, Cause) + Send + Sync>;

/// Tells `listener` of every entry that left.
///
/// If it panics, it is told of the others all the same, and the first panic goes on afterwards, to whoever made them
/// leave; unless that one is unwinding already, for two panics at once would end the process. To be called when the
/// cache is in order and nothing is locked, so there is nothing that a panic could leave half done.
pub(crate) fn tell<'a, K: 'a, V: 'a>(
    listener: &(dyn Fn(&K, &V, Cause) + Send + Sync),
    departed: impl IntoIterator<Item = (&'a K, &'a V, Cause)>,
) {
    let mut panics = FirstPanic::default();
    for (key, value, cause) in departed {
        panics.catch(|| listener(key, value, cause));
    }
    panics.resume();
}

/// The first panic of several calls of the user's code, none of which shall keep the others from being made.
#[derive(Default)]
pub(crate) struct FirstPanic(Option<Box<dyn Any + Send>>);

impl FirstPanic {
    /// Calls `call`. If its panic left something of the user's half done, that is for the user to see.
    pub(crate) fn catch(&mut self, call: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
            self.0.get_or_insert(payload);
        }
    }

    /// Lets the panic go on, if there was one, unless this thread is unwinding already.
    pub(crate) fn resume(self) {
        if let Some(payload) = self.0
            && !thread::panicking()
        {
            resume_unwind(payload);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{panic, sync::Mutex};

    use super::*;

    #[test]
    fn a_listener_that_panics_hears_of_the_rest_and_the_first_panic_goes_on() {
        let heard = Mutex::new(Vec::new());
        let listener = |key: &u32, _: &(), cause: Cause| {
            heard.lock().unwrap().push((*key, cause));
            if key % 2 == 1 {
                panic::panic_any(*key);
            }
        };
        let departed = [(0, Cause::Size), (1, Cause::Tag), (2, Cause::Expired), (3, Cause::Explicit)];
        let told = catch_unwind(AssertUnwindSafe(|| {
            tell(&listener, departed.iter().map(|(key, cause)| (key, &(), *cause)));
        }));
        assert_eq!(told.unwrap_err().downcast_ref::<u32>(), Some(&1));
        assert_eq!(*heard.lock().unwrap(), departed);
    }

    #[test]
    fn telling_while_unwinding_does_not_end_the_process() {
        struct Tells;
        impl Drop for Tells {
            fn drop(&mut self) {
                tell(&|_: &u32, _: &u32, _| panic!("in the listener"), [(&1, &1, Cause::Replaced)]);
            }
        }
        let outcome = catch_unwind(|| {
            let _tells = Tells;
            panic::panic_any("the first");
        });
        assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"the first"));
    }
}
