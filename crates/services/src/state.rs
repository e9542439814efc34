//! What the data plane keeps on disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{changes::Changes, refusal::Refusal, s3::Blobs};

/// The folder of this process.
pub struct State {
    /// The objects' bytes, which go with this process.
    pub blobs: Arc<Blobs>,
    /// The certificate that clients must trust.
    pub ca_bundle: PathBuf,
    /// The file whose content differs after each change of what callers asked for.
    pub changes: PathBuf,
}

impl State {
    pub fn prepare(folder: &Path) -> Result<Self, Refusal> {
        let make = || {
            fs::create_dir_all(folder)?;
            let folder = folder.canonicalize()?;
            Ok(Self {
                blobs: Arc::new(Blobs::below(&folder)?),
                ca_bundle: folder.join("ca.pem"),
                changes: folder.join("changes"),
            })
        };
        make().map_err(|error| unwritable(folder, &error))
    }

    pub fn changes(&self) -> Result<Changes, Refusal> {
        Changes::publish(&self.changes).map_err(|error| unwritable(&self.changes, &error))
    }

    pub fn publish(&self, ca_pem: &str) -> Result<(), Refusal> {
        fs::write(&self.ca_bundle, ca_pem).map_err(|error| unwritable(&self.ca_bundle, &error))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Refusal {
    Refusal::host(
        format!("Cannot write the state folder: {error}"),
        &path.display().to_string(),
        "Give --state a folder that you may write to",
    )
}
