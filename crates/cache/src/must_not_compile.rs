//! What the types keep from compiling; each beside what does compile, so that it fails for the reason it names.
//!
//! A cache may be shared and sent if its keys and values may be sent, whether or not they may be shared:
//!
//! ```
//! fn shared<T: Send + Sync>(_: &T) {}
//! shared(&nuthatch_cache::Cache::<u64, std::cell::Cell<u64>>::new(10));
//! shared(&nuthatch_cache::Cache::<Box<u64>, std::sync::mpsc::Sender<u64>>::new(10));
//! ```
//!
//! ```compile_fail,E0277
//! fn shared<T: Sync>(_: &T) {}
//! shared(&nuthatch_cache::Cache::<u64, std::rc::Rc<u64>>::new(10));
//! ```
//!
//! ```compile_fail,E0277
//! fn sent<T: Send>(_: &T) {}
//! sent(&nuthatch_cache::Cache::<std::rc::Rc<u64>, u64>::new(10));
//! ```
//!
//! It works in one thread with values that must stay there:
//!
//! ```
//! let cache = nuthatch_cache::Cache::new(10);
//! cache.insert(1, std::rc::Rc::new(2));
//! assert_eq!(cache.get(&1).as_deref(), Some(&2));
//! ```
//!
//! A guard stays on its thread, for the thread is known that holds it, and borrows the cache:
//!
//! ```
//! let cache = nuthatch_cache::Cache::new(10);
//! cache.insert(1, 2);
//! let guard = cache.get_ref(&1);
//! drop(guard);
//! drop(cache);
//! ```
//!
//! ```compile_fail,E0505
//! let cache = nuthatch_cache::Cache::new(10);
//! cache.insert(1, 2);
//! let guard = cache.get_ref(&1);
//! drop(cache);
//! drop(guard);
//! ```
//!
//! ```compile_fail,E0277
//! fn sent<T: Send>(_: T) {}
//! let cache = nuthatch_cache::Cache::new(10);
//! cache.insert(1, 2);
//! sent(cache.get_ref(&1));
//! ```
//!
//! ```compile_fail,E0277
//! fn shared<T: Sync>(_: T) {}
//! let cache = nuthatch_cache::Cache::new(10);
//! cache.insert(1, 2);
//! shared(cache.get_ref(&1));
//! ```
//!
//! ```compile_fail,E0277
//! fn sent<T: Send>(_: T) {}
//! let cache = nuthatch_cache::Cache::<u32, u32>::new(10);
//! sent(cache.get_mut(&1));
//! ```
//!
//! ```compile_fail,E0277
//! fn sent<T: Send>(_: T) {}
//! let cache = nuthatch_cache::Cache::<u32, u32>::new(10);
//! sent(cache.entry(1));
//! ```
//!
//! Nothing of a value leaves the closure that reads it:
//!
//! ```compile_fail
//! let cache = nuthatch_cache::Cache::new(10);
//! cache.insert(1, String::new());
//! let text: Option<&str> = cache.get_with(&1, |text| text.as_str());
//! ```
//!
//! A cache has a bound, and weights and a bound on weights come together:
//!
//! ```
//! use nuthatch_cache::Cache;
//! let entries = Cache::<u32, String>::builder().capacity(10).build();
//! let weight = Cache::builder().weight_capacity(10).weigher(|_: &u32, text: &String| text.len() as u64).build();
//! assert!(entries.is_ok() && weight.is_ok());
//! ```
//!
//! ```compile_fail,E0599
//! nuthatch_cache::Cache::<u32, String>::builder().build();
//! ```
//!
//! ```compile_fail,E0599
//! nuthatch_cache::Cache::<u32, String>::builder().weight_capacity(10).build();
//! ```
//!
//! ```compile_fail,E0599
//! nuthatch_cache::Cache::builder().capacity(10).weigher(|_: &u32, text: &String| text.len() as u64);
//! ```
//!
//! ```compile_fail,E0599
//! nuthatch_cache::Cache::builder().weigher(|_: &u32, text: &String| text.len() as u64);
//! ```
//!
//! ```compile_fail,E0599
//! nuthatch_cache::Cache::<u32, String>::builder().capacity(10).weight_capacity(10);
//! ```
//!
//! Only what is `Copy` can be said to be:
//!
//! ```
//! nuthatch_cache::Cache::<u32, [u8; 3]>::builder().capacity(10).copied();
//! ```
//!
//! ```compile_fail,E0277
//! nuthatch_cache::Cache::<u32, String>::builder().capacity(10).copied();
//! ```
