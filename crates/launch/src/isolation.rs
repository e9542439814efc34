//! The file system as the function sees it: the host's, read-only, with its own folders over it.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::chown;
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;

use crate::spec::{Mount, User};

/// Folders in which the host's files must be neither visible nor writable: Lambda has others.
const COVERED: [&str; 3] = ["/var", "/opt", "/dev/shm"];
const NONE: Option<&str> = None;

/// Moves to a mount namespace of its own, mounts `mounts` there, and makes everything else read-only.
pub fn enter(mounts: &[Mount], owner: Option<&User>) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNS).context("cannot make a mount namespace")?;
    // Before anything is mounted, so that no mount propagates to the host.
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, "/", NONE, private, NONE).context("cannot make the mounts private")?;
    // A source may be in a folder that is about to be covered, so all are opened before.
    let sources = mounts.iter().map(open_source).collect::<Result<Vec<_>>>()?;
    make_everything_read_only().context("cannot make the host read-only")?;
    let covered: Vec<&str> = COVERED
        .into_iter()
        .filter(|path| Path::new(path).is_dir())
        .collect();
    for path in &covered {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(
            Some("tmpfs"),
            *path,
            Some("tmpfs"),
            flags,
            Some("size=64k,mode=755"),
        )
        .with_context(|| format!("cannot cover {path}"))?;
    }
    for (mount, source) in mounts.iter().zip(&sources) {
        mount_source(mount, source, owner).with_context(|| {
            format!(
                "cannot mount {} as {}",
                mount.source.display(),
                mount.target.display()
            )
        })?;
    }
    for path in covered {
        remount(Path::new(path), false).with_context(|| format!("cannot close {path}"))?;
    }
    Ok(())
}

fn open_source(mount: &Mount) -> Result<OwnedFd> {
    open(
        &mount.source,
        OFlag::O_PATH | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
    .with_context(|| format!("cannot open {}", mount.source.display()))
}

fn mount_source(wanted: &Mount, source: &OwnedFd, owner: Option<&User>) -> io::Result<()> {
    let magic_link = format!("/proc/self/fd/{}", source.as_raw_fd());
    if fs::metadata(&magic_link)?.is_dir() {
        fs::create_dir_all(&wanted.target)?;
    } else {
        wanted.target.parent().map_or(Ok(()), fs::create_dir_all)?;
        File::options()
            .create(true)
            .append(true)
            .open(&wanted.target)?;
    }
    mount(
        Some(magic_link.as_str()),
        &wanted.target,
        NONE,
        MsFlags::MS_BIND,
        NONE,
    )?;
    remount(&wanted.target, wanted.writable)?;
    match owner {
        Some(user) if wanted.writable => chown(&wanted.target, Some(user.uid), Some(user.gid)),
        _ => Ok(()),
    }
}

fn remount(target: &Path, writable: bool) -> nix::Result<()> {
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    flags.set(MsFlags::MS_RDONLY, !writable);
    mount(NONE, target, NONE, flags, NONE)
}

/// Makes every mount read-only at once; kernels before 5.12 can only do one, so there only the root.
#[allow(unsafe_code, reason = "neither nix nor libc wraps mount_setattr(2)")]
fn make_everything_read_only() -> nix::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path is a C string, and the structure outlives the call that reads it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            c"/".as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    match Errno::result(result) {
        Err(Errno::ENOSYS) => {
            let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
            mount(NONE, "/", NONE, flags, NONE)
        }
        other => other.map(drop),
    }
}
