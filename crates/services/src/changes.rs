//! A counter in a file: whoever reads there what it read before need not ask what has changed.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

/// Counts changes where another process can look: eight bytes, little-endian.
#[derive(Debug)]
pub struct Changes {
    file: File,
    count: AtomicU64,
}

impl Changes {
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

    /// Tells of one more, once it can be asked for.
    ///
    /// # Errors
    /// It cannot be written: from now on nobody learns of anything.
    pub fn tell(&self) -> io::Result<()> {
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
        let changes = Changes::publish(&path).expect("writable");
        let mut seen = vec![fs::read(&path).expect("there")];
        for _ in 0..300 {
            changes.tell().expect("writable");
            let content = fs::read(&path).expect("there");
            assert_eq!(content.len(), 8);
            assert!(!seen.contains(&content));
            seen.push(content);
        }
        fs::remove_file(path).expect("ours");
    }
}
