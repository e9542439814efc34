//! What the local services keep on disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{change_counter::ChangeCounter, s3::Blobs, start_error::StartError};

/// The folder of this process.
pub struct StateFolder {
    /// The objects' bytes, which are removed with this process.
    pub blobs: Arc<Blobs>,
    /// The certificate that clients must trust.
    pub ca_bundle: PathBuf,
    /// The file whose content changes whenever the usage of an access key id does.
    pub changes: PathBuf,
}

impl StateFolder {
    pub fn prepare(folder: &Path) -> Result<Self, StartError> {
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

    pub fn change_counter(&self) -> Result<ChangeCounter, StartError> {
        ChangeCounter::publish(&self.changes).map_err(|error| unwritable(&self.changes, &error))
    }

    /// Writes the certificate that clients must trust.
    pub fn publish(&self, ca_pem: &str) -> Result<(), StartError> {
        fs::write(&self.ca_bundle, ca_pem).map_err(|error| unwritable(&self.ca_bundle, &error))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> StartError {
    StartError::host(
        format!("Cannot write the state folder: {error}"),
        &path.display().to_string(),
        "Give --state a folder that you may write to",
    )
}
