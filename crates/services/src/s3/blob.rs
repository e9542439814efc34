//! Objects' bytes: files that are written once, never changed, and removed with their last object.
//!
//! A file's name is a serial number, independent of the key. An object that is replaced or deleted drops
//! its blobs; a reader keeps them, so that a read is never torn.
//!
//! While one chunk of a file is sent, the next chunk is read on another thread. When they were read on
//! the service's own thread, they came up to three times as late where CPUs were busy.

use std::{
    collections::VecDeque,
    fs::{self, DirBuilder, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::body::Bytes;
use futures_util::Stream;
use tokio::task::{JoinHandle, spawn_blocking};

/// How much of a file is read at once.
const READ_BYTES: u64 = 256 * 1024;

/// The folder of all blobs.
pub struct Blobs {
    folder: PathBuf,
    serial: AtomicU64,
}

/// One file; it is removed when it is not used any more.
#[derive(Debug)]
struct Blob {
    path: PathBuf,
}

impl Drop for Blob {
    fn drop(&mut self) {
        // What cannot be removed is removed with the folder.
        let _ = fs::remove_file(&self.path);
    }
}

impl Blobs {
    /// Makes a new folder below `parent`, which exists; only this process's user may read it.
    pub fn below(parent: &Path) -> io::Result<Self> {
        let serials = 0_u32..;
        for serial in serials {
            let folder = parent.join(format!("blobs-{serial}"));
            match DirBuilder::new().mode(0o700).create(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                outcome => {
                    return outcome.map(|()| Self {
                        folder,
                        serial: AtomicU64::new(0),
                    });
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Removes all blobs, at the end.
    pub fn remove(&self) {
        // What cannot be removed is left to the owner of the state folder.
        let _ = fs::remove_dir_all(&self.folder);
    }

    pub fn create(&self) -> io::Result<Writer> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{serial:016x}"));
        Ok(Writer {
            file: File::create_new(&path)?,
            blob: Blob { path },
            length: 0,
        })
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A blob that is being written. If it is dropped before `finish`, nothing is left behind.
pub struct Writer {
    file: File,
    blob: Blob,
    length: u64,
}

impl Writer {
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    pub fn finish(self) -> Content {
        if self.length == 0 {
            return Content::default();
        }
        Content(vec![Segment {
            blob: Arc::new(self.blob),
            range: 0..self.length,
        }])
    }
}

/// A range of a blob.
#[derive(Debug, Clone)]
struct Segment {
    blob: Arc<Blob>,
    range: Range<u64>,
}

/// Bytes, as ranges of blobs; no range is empty.
#[derive(Debug, Clone, Default)]
pub struct Content(Vec<Segment>);

impl Content {
    pub fn length(&self) -> u64 {
        self.0
            .iter()
            .map(|segment| segment.range.end - segment.range.start)
            .sum()
    }

    pub fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(parts.into_iter().flat_map(|part| part.0).collect())
    }

    /// The bytes of a range within the content.
    pub fn slice(&self, range: &Range<u64>) -> Self {
        let mut at = 0;
        let mut segments = Vec::new();
        for segment in &self.0 {
            let length = segment.range.end - segment.range.start;
            let from = range.start.clamp(at, at + length) - at;
            let to = range.end.clamp(at, at + length) - at;
            if from < to {
                segments.push(Segment {
                    blob: Arc::clone(&segment.blob),
                    range: segment.range.start + from..segment.range.start + to,
                });
            }
            at += length;
        }
        Self(segments)
    }

    /// Opens the first file at once, so that a missing file is an error and not a broken answer.
    pub fn read(self) -> io::Result<Reader> {
        let mut segments = VecDeque::from(self.0);
        let current = segments.pop_front().map(Open::new).transpose()?;
        let mut cursor = Cursor { segments, current };
        let first = cursor.chunk()?;
        Ok(Reader {
            ahead: cursor.ahead(),
            ready: first,
        })
    }
}

/// The bytes of a [`Content`], in order. While one chunk is sent, the next one is read.
pub struct Reader {
    ready: Option<Bytes>,
    ahead: Option<Ahead>,
}

impl Stream for Reader {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(bytes) = self.ready.take() {
            return Poll::Ready(Some(Ok(bytes)));
        }
        let Some(ahead) = &mut self.ahead else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(ahead).poll(context));
        self.ahead = None;
        match read.map_err(io::Error::other).flatten() {
            Ok((cursor, bytes)) => {
                self.ahead = cursor.ahead();
                Poll::Ready(bytes.map(Ok))
            }
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }
}

type Ahead = JoinHandle<io::Result<(Cursor, Option<Bytes>)>>;

/// How far a [`Reader`] has read.
struct Cursor {
    segments: VecDeque<Segment>,
    current: Option<Open>,
}

struct Open {
    file: File,
    left: u64,
    _blob: Arc<Blob>,
}

impl Open {
    fn new(segment: Segment) -> io::Result<Self> {
        let mut file = File::open(&segment.blob.path)?;
        file.seek(SeekFrom::Start(segment.range.start))?;
        Ok(Self {
            file,
            left: segment.range.end - segment.range.start,
            _blob: segment.blob,
        })
    }

    fn next(&mut self) -> io::Result<Bytes> {
        let size = self.left.min(READ_BYTES);
        let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        self.file.read_exact(&mut bytes)?;
        self.left -= size;
        Ok(bytes.into())
    }
}

impl Cursor {
    fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(open) = &mut self.current {
            if open.left > 0 {
                return open.next().map(Some);
            }
            self.current = self.segments.pop_front().map(Open::new).transpose()?;
        }
        Ok(None)
    }

    /// Reads the next chunk on another thread; `None`: there is no further chunk.
    fn ahead(mut self) -> Option<Ahead> {
        let more =
            self.current.as_ref().is_some_and(|open| open.left > 0) || !self.segments.is_empty();
        more.then(|| {
            spawn_blocking(move || {
                let bytes = self.chunk()?;
                Ok((self, bytes))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::env;

    use futures_util::StreamExt;

    use super::*;

    fn blobs() -> Blobs {
        Blobs::below(&env::temp_dir()).expect("a folder")
    }

    fn stored(blobs: &Blobs, bytes: &[u8]) -> Content {
        let mut writer = blobs.create().expect("a file");
        writer.write(bytes).expect("written");
        writer.finish()
    }

    async fn read(content: &Content) -> Vec<u8> {
        let mut reader = content.clone().read().expect("opened");
        let mut all = Vec::new();
        while let Some(bytes) = reader.next().await {
            all.extend_from_slice(&bytes.expect("read"));
        }
        all
    }

    fn files(blobs: &Blobs) -> usize {
        fs::read_dir(&blobs.folder).expect("listed").count()
    }

    #[tokio::test]
    async fn ranges_are_read_across_parts() {
        let blobs = blobs();
        let parts = [b"abc".as_slice(), b"", b"d", b"efgh"];
        let all = Content::joined(parts.map(|part| stored(&blobs, part)));
        assert_eq!(read(&all).await, b"abcdefgh");
        for (range, expected) in [
            (0..8, "abcdefgh"),
            (2..5, "cde"),
            (3..4, "d"),
            (7..8, "h"),
            (4..4, ""),
        ] {
            let slice = all.slice(&range);
            assert_eq!(read(&slice).await, expected.as_bytes(), "{range:?}");
            assert_eq!(slice.length(), range.end - range.start);
        }
        assert_eq!(read(&all.slice(&(2..6)).slice(&(1..3))).await, b"de");
        let large = stored(&blobs, &vec![7; 700_000]);
        assert_eq!(read(&large).await, vec![7; 700_000]);
    }

    #[tokio::test]
    async fn a_file_is_removed_with_its_last_user() {
        let blobs = blobs();
        let content = stored(&blobs, &vec![7; 700_000]);
        let mut reader = content.clone().read().expect("opened");
        drop(content);
        assert_eq!(files(&blobs), 1);
        let mut length = 0;
        while let Some(bytes) = reader.next().await {
            length += bytes.expect("read").len();
        }
        assert_eq!(length, 700_000);
        drop(reader);
        assert_eq!(files(&blobs), 0);
    }

    #[test]
    fn an_unfinished_write_leaves_nothing_behind() {
        let blobs = blobs();
        blobs
            .create()
            .expect("a file")
            .write(b"half")
            .expect("written");
        assert_eq!(files(&blobs), 0);
        assert_eq!(stored(&blobs, b"").length(), 0);
        assert_eq!(files(&blobs), 0);
    }

    #[test]
    fn nobody_else_may_read_the_folder() {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&blobs().folder)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
