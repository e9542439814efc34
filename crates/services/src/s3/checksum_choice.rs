//! The algorithm and the type that an upload may choose for its sums. Pure.

use s3s::{S3Result, s3_error};

use super::digests::{Algorithm, Kind};

/// The algorithm and the type of an upload's sums.
pub fn checksum_choice(
    algorithm: Option<&str>,
    kind: Option<&str>,
) -> S3Result<(Option<Algorithm>, Kind)> {
    let algorithm = match algorithm {
        None => None,
        Some(name) => Some(Algorithm::named(name).ok_or_else(|| {
            s3_error!(
                InvalidRequest,
                "Checksum algorithm provided is unsupported. Please try again with any of the \
                 valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
            )
        })?),
    };
    let used = algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let kind = match kind {
        None => used.default_kind(),
        Some(_) if algorithm.is_none() => {
            return Err(s3_error!(
                InvalidRequest,
                "The x-amz-checksum-type header can only be used with the \
                 x-amz-checksum-algorithm header."
            ));
        }
        Some("FULL_OBJECT") => Kind::FullObject,
        Some("COMPOSITE") => Kind::Composite,
        Some(_) => {
            return Err(s3_error!(
                InvalidRequest,
                "Value for x-amz-checksum-type header is invalid."
            ));
        }
    };
    if !used.allows(kind) {
        let (kind, name) = (kind.name(), used.name().to_ascii_lowercase());
        return Err(s3_error!(
            InvalidRequest,
            "The {kind} checksum type cannot be used with the {name} checksum algorithm."
        ));
    }
    Ok((algorithm, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_has_the_types_that_s3_computes() {
        let of = |algorithm, kind| checksum_choice(algorithm, kind).ok();
        assert_eq!(of(None, None), Some((None, Kind::FullObject)));
        let crc32 = Some(Algorithm::Crc32);
        assert_eq!(of(Some("CRC32"), None), Some((crc32, Kind::Composite)));
        assert_eq!(
            of(Some("CRC32"), Some("FULL_OBJECT")),
            Some((crc32, Kind::FullObject))
        );
        for (algorithm, kind) in [
            (Some("SHA256"), Some("FULL_OBJECT")),
            (Some("CRC64NVME"), Some("COMPOSITE")),
            (None, Some("FULL_OBJECT")),
            (Some("MD4"), None),
            (Some("CRC32"), Some("HALF_OBJECT")),
        ] {
            assert_eq!(of(algorithm, kind), None, "{algorithm:?} {kind:?}");
        }
    }
}
