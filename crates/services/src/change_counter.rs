//! A counter in a file: while the file does not change, another process need not ask for changes.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

/// Counts changes in a file that another process reads: eight bytes, little-endian.
#[derive(Debug)]
pub struct ChangeCounter {
    file: File,
    count: AtomicU64,
}

impl ChangeCounter {
    /// Makes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn publish(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        file.write_all_at(&0_u64.to_le_bytes(), 0)?;
        Ok(Self {
            file,
            count: AtomicU64::new(0),
        })
    }

    /// Counts one more change, after it can be asked for.
    ///
    /// # Errors
    /// The file cannot be written: from now on no change would be noticed.
    pub fn increment(&self) -> io::Result<()> {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        self.file.write_all_at(&count.to_le_bytes(), 0)
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    #[test]
    fn each_change_makes_another_content() {
        let path = env::temp_dir().join(format!("changes-{}", process::id()));
        let changes = ChangeCounter::publish(&path).expect("writable");
        let mut contents = vec![fs::read(&path).expect("there")];
        for _ in 0..300 {
            changes.increment().expect("writable");
            let content = fs::read(&path).expect("there");
            assert_eq!(content.len(), 8);
            assert!(!contents.contains(&content));
            contents.push(content);
        }
        fs::remove_file(path).expect("ours");
    }
}
