//! Graphs that give their memory back while nothing runs them; the next run loads them again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::heap;
use super::net::{Input, Net, Signature, Value};
use vocabox_base::fault::Fault;

/// The graphs of a server that are unloaded when they were not run for some time.
pub struct IdleGraphs {
    unused_max: Duration,
    graphs: Mutex<Vec<Weak<UnloadingNet>>>,
}

impl IdleGraphs {
    /// No graphs yet; they are unloaded after `unused_max`.
    pub fn new(unused_max: Duration) -> Self {
        IdleGraphs {
            unused_max,
            graphs: Mutex::default(),
        }
    }

    /// Loads the graph called `name`, for the log, by `load`, which is called again after each time that it was unloaded. Faults:
    /// those of `load`.
    pub(super) fn load(
        &self,
        name: String,
        load: impl Fn() -> Result<Arc<dyn Net>, Fault> + Send + Sync + 'static,
    ) -> Result<Arc<dyn Net>, Fault> {
        let loaded = load()?;
        let net = Arc::new(UnloadingNet {
            name,
            load: Box::new(load),
            signature: loaded.signature().clone(),
            state: Mutex::new(LoadedNet {
                net: Some(loaded),
                used: Instant::now(),
            }),
        });
        lock(&self.graphs).push(Arc::downgrade(&net));
        Ok(net)
    }

    /// Unloads the graphs that were not run for long enough, and returns their memory to the system.
    pub fn unload_unused(&self) {
        let mut graphs = lock(&self.graphs);
        graphs.retain(|graph| graph.strong_count() > 0);
        let graphs = graphs.iter().filter_map(Weak::upgrade);
        let unloaded = graphs.filter(|graph| graph.unload(self.unused_max));
        if unloaded.count() > 0 {
            heap::give_back();
        }
    }
}

/// A graph that can be unloaded.
struct UnloadingNet {
    name: String,
    load: Box<dyn Fn() -> Result<Arc<dyn Net>, Fault> + Send + Sync>,
    signature: Signature,
    state: Mutex<LoadedNet>,
}

struct LoadedNet {
    /// Runs hold clones of it.
    net: Option<Arc<dyn Net>>,
    /// When the last run started or ended.
    used: Instant,
}

impl UnloadingNet {
    /// The loaded graph; runs that come while it is loaded wait for that. Faults: those of loading.
    fn loaded(&self) -> Result<Arc<dyn Net>, Fault> {
        let mut state = lock(&self.state);
        state.used = Instant::now();
        if let Some(net) = &state.net {
            return Ok(Arc::clone(net));
        }
        let net = (self.load)()?;
        log::info!(
            "{} is loaded again, in {:.2} s",
            self.name,
            state.used.elapsed().as_secs_f64()
        );
        state.net = Some(Arc::clone(&net));
        Ok(net)
    }

    /// Unloads the graph if nothing runs it and it was not run for `unused_max`; returns whether it did.
    fn unload(&self, unused_max: Duration) -> bool {
        let mut state = lock(&self.state);
        let unused = state.used.elapsed();
        let runs = |net: &Arc<dyn Net>| Arc::strong_count(net) > 1;
        if unused < unused_max || state.net.as_ref().is_none_or(runs) {
            return false;
        }
        state.net = None;
        log::info!(
            "{} is unloaded, unused for {} s",
            self.name,
            unused.as_secs()
        );
        true
    }
}

impl Net for UnloadingNet {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run_keeping(
        &self,
        inputs: &[(&str, Input<'_>)],
        outputs: &[&str],
        copied: usize,
    ) -> Result<Vec<Box<dyn Value>>, Fault> {
        let made = self.loaded()?.run_keeping(inputs, outputs, copied);
        lock(&self.state).used = Instant::now();
        made
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A graph without inputs that counts how many of it are loaded; its run tries to unload it.
    struct Counted(Arc<AtomicUsize>, Signature, Weak<IdleGraphs>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    impl Net for Counted {
        fn signature(&self) -> &Signature {
            &self.1
        }

        fn run_keeping(
            &self,
            _: &[(&str, Input<'_>)],
            _: &[&str],
            _: usize,
        ) -> Result<Vec<Box<dyn Value>>, Fault> {
            if let Some(graphs) = self.2.upgrade() {
                graphs.unload_unused();
            }
            assert_eq!(self.0.load(Ordering::Relaxed), 1, "it runs, and is loaded");
            Ok(Vec::new())
        }
    }

    fn counted(unused_max: Duration) -> (Arc<IdleGraphs>, Arc<AtomicUsize>, Arc<dyn Net>) {
        let graphs = Arc::new(IdleGraphs::new(unused_max));
        let count = Arc::new(AtomicUsize::new(0));
        let (of_net, weak) = (Arc::clone(&count), Arc::downgrade(&graphs));
        let load = move || -> Result<Arc<dyn Net>, Fault> {
            of_net.fetch_add(1, Ordering::Relaxed);
            let (count, signature) = (Arc::clone(&of_net), Signature::default());
            Ok(Arc::new(Counted(count, signature, Weak::clone(&weak))))
        };
        let net = graphs.load("counted".to_owned(), load).unwrap();
        (graphs, count, net)
    }

    #[test]
    fn what_nothing_runs_is_unloaded_and_the_next_run_loads_it_once() {
        let (graphs, count, net) = counted(Duration::ZERO);
        for _ in 0..2 {
            net.run(&[], &[]).unwrap();
            assert_eq!(count.load(Ordering::Relaxed), 1);
            graphs.unload_unused();
            assert_eq!(count.load(Ordering::Relaxed), 0);
            assert_eq!(*net.signature(), Signature::default());
        }
        drop(net);
        graphs.unload_unused();
        assert!(lock(&graphs.graphs).is_empty());
    }

    #[test]
    fn what_was_run_of_late_stays() {
        let (graphs, count, _net) = counted(Duration::from_secs(3_600));
        graphs.unload_unused();
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }
}
