//! Refuses what the local S3 does not do, by AWS's own errors and never silently. Pure.

use axum::http::HeaderMap;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::parameters;

/// The account of everything here, as in the local Lambda.
const ACCOUNT: &str = "000000000000";

/// The longest quotation of a parameter's name in a message.
const MAX_NAME: usize = 80;

/// Headers that are not supported.
const UNSUPPORTED_HEADERS: [&str; 8] = [
    "x-amz-bucket-object-lock-enabled",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-write-offset-bytes",
];

/// Checks a request's headers.
pub fn check_headers(operation: &str, headers: &HeaderMap) -> S3Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("x-amz-expected-bucket-owner").is_some_and(|owner| owner != ACCOUNT)
        || text("x-amz-source-expected-bucket-owner").is_some_and(|owner| owner != ACCOUNT)
    {
        return Err(s3_error!(AccessDenied));
    }
    check_access_control(operation, headers)?;
    if headers
        .keys()
        .any(|name| name.as_str().starts_with("x-amz-object-lock-"))
    {
        return Err(s3_error!(
            InvalidRequest,
            "Bucket is missing Object Lock Configuration"
        ));
    }
    if headers.contains_key("x-amz-bypass-governance-retention") {
        return Err(s3_error!(
            InvalidArgument,
            "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets."
        ));
    }
    let no_lock = text("x-amz-bucket-object-lock-enabled")
        .is_some_and(|enabled| enabled.eq_ignore_ascii_case("false"));
    let is_sent = |name: &&&str| headers.contains_key(**name);
    match UNSUPPORTED_HEADERS.iter().find(is_sent) {
        Some(&"x-amz-bucket-object-lock-enabled") if no_lock => {}
        Some(name) => return Err(not_implemented(&format!("the header {name}"))),
        None => {}
    }
    check_encryption(text("x-amz-server-side-encryption"))?;
    check_sums(headers)
}

/// Buckets are as S3 makes them by default: the owner has full control, and ACLs are disabled.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
fn check_access_control(operation: &str, headers: &HeaderMap) -> S3Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let grants = headers
        .keys()
        .any(|name| name.as_str().starts_with("x-amz-grant-"));
    let listed = text("x-amz-acl").is_some_and(|acl| match acl {
        "private" => false,
        "bucket-owner-full-control" => operation == "CreateBucket",
        _ => true,
    });
    if operation == "CreateBucket" && (grants || listed) {
        return Err(s3_error!(
            InvalidBucketAclWithObjectOwnership,
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        ));
    }
    if grants || listed {
        return Err(no_access_control_lists());
    }
    match text("x-amz-object-ownership") {
        None | Some("BucketOwnerEnforced") => Ok(()),
        Some(_) => Err(not_implemented(
            "another ObjectOwnership than BucketOwnerEnforced",
        )),
    }
}

fn no_access_control_lists() -> S3Error {
    s3_error!(
        AccessControlListNotSupported,
        "The bucket does not allow ACLs"
    )
}

/// S3 encrypts everything by its own keys, and says so; other keys are not supported.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>
fn check_encryption(method: Option<&str>) -> S3Result<()> {
    match method {
        None | Some("AES256") => Ok(()),
        Some("aws:kms" | "aws:kms:dsse" | "aws:fsx") => {
            Err(not_implemented("encryption by KMS keys"))
        }
        Some(_) => Err(s3_error!(
            InvalidArgument,
            "The encryption method specified is not supported"
        )),
    }
}

/// Sums by newer algorithms are not computed here.
fn check_sums(headers: &HeaderMap) -> S3Result<()> {
    let is_supported = |name: &str| {
        matches!(
            name,
            "algorithm" | "mode" | "type" | "crc32" | "crc32c" | "crc64nvme" | "sha1" | "sha256"
        )
    };
    let sums = headers
        .keys()
        .filter_map(|name| name.as_str().strip_prefix("x-amz-checksum-"));
    match sums.into_iter().find(|name| !is_supported(name)) {
        Some(name) => Err(not_implemented(&format!("the checksum {name}"))),
        None => Ok(()),
    }
}

/// The answer to an operation that is not supported; `None`: it is supported.
pub fn of_operation(operation: &str) -> Option<S3Error> {
    let nothing =
        |code: S3ErrorCode, message: &'static str| Some(S3Error::with_message(code, message));
    match operation {
        "PutBucketAcl" | "PutObjectAcl" => Some(no_access_control_lists()),
        "GetBucketCors" => nothing(
            S3ErrorCode::NoSuchCORSConfiguration,
            "The CORS configuration does not exist",
        ),
        "GetBucketLifecycleConfiguration" => nothing(
            S3ErrorCode::NoSuchLifecycleConfiguration,
            "The lifecycle configuration does not exist",
        ),
        "GetBucketPolicy" | "GetBucketPolicyStatus" => nothing(
            S3ErrorCode::NoSuchBucketPolicy,
            "The bucket policy does not exist",
        ),
        "GetBucketReplication" => nothing(
            S3ErrorCode::ReplicationConfigurationNotFoundError,
            "The replication configuration was not found",
        ),
        "GetBucketTagging" => nothing(S3ErrorCode::NoSuchTagSet, "The TagSet does not exist"),
        "GetBucketWebsite" => nothing(
            S3ErrorCode::NoSuchWebsiteConfiguration,
            "The specified bucket does not have a website configuration",
        ),
        "GetObjectLockConfiguration" => nothing(
            S3ErrorCode::ObjectLockConfigurationNotFoundError,
            "Object Lock configuration does not exist for this bucket",
        ),
        "GetObjectLegalHold" | "PutObjectLegalHold" | "GetObjectRetention"
        | "PutObjectRetention" => nothing(
            S3ErrorCode::InvalidRequest,
            "Bucket is missing Object Lock Configuration",
        ),
        "Other" => Some(s3_error!(MethodNotAllowed)),
        operation if is_supported_operation(operation) => None,
        operation => Some(not_implemented(operation)),
    }
}

/// Whether the local S3 has an operation.
pub fn is_supported_operation(operation: &str) -> bool {
    SUPPORTED.contains(&operation)
}

const SUPPORTED: [&str; 28] = [
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "GetBucketAcl",
    "GetBucketLocation",
    "GetBucketVersioning",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    "PutObject",
    "PutObjectTagging",
    "UploadPart",
    "UploadPartCopy",
];

/// Refuses parameters that the operation does not have: they may ask for a newer operation.
pub fn check_parameters(operation: &str, query: &str) -> S3Result<()> {
    match parameters::stray(operation, query) {
        Some(name) => {
            let name: String = name.chars().take(MAX_NAME).collect();
            Err(not_implemented(&format!(
                "the parameter {name} of {operation}"
            )))
        }
        None => Ok(()),
    }
}

/// A part needs both a number and an upload; otherwise s3s would take it for an object.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>
pub fn check_part(operation: &str, query: &str) -> S3Result<()> {
    let has = |name: &str| {
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    };
    let part = matches!(
        operation,
        "PutObject" | "CopyObject" | "UploadPart" | "UploadPartCopy"
    );
    if part && has("partNumber") != has("uploadId") {
        return Err(s3_error!(
            InvalidArgument,
            "A part must have both partNumber and uploadId"
        ));
    }
    Ok(())
}

/// AWS's code for what a service does not have, with our own message.
pub fn not_implemented(feature: &str) -> S3Error {
    s3_error!(
        NotImplemented,
        "The local S3 does not have {feature}; docs/fidelity.md lists what it has"
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn code(operation: &str, name: &'static str, value: &str) -> String {
        let headers = [(
            HeaderName::from_static(name),
            value.parse().expect("a value"),
        )];
        let checked = check_headers(operation, &headers.into_iter().collect());
        checked.map_or_else(|error| error.code().as_str().to_owned(), |()| String::new())
    }

    #[test]
    fn what_changes_nothing_passes() {
        for (operation, name, value) in [
            ("PutObject", "x-amz-acl", "private"),
            ("PutObject", "x-amz-acl", "bucket-owner-full-control"),
            ("PutObject", "x-amz-server-side-encryption", "AES256"),
            ("PutObject", "x-amz-expected-bucket-owner", ACCOUNT),
            ("PutObject", "x-amz-request-payer", "requester"),
            ("PutObject", "x-amz-checksum-sha256", "any"),
            (
                "CreateBucket",
                "x-amz-object-ownership",
                "BucketOwnerEnforced",
            ),
            ("CreateBucket", "x-amz-bucket-object-lock-enabled", "False"),
        ] {
            assert_eq!(code(operation, name, value), "", "{name}: {value}");
        }
    }

    #[rustfmt::skip]
    const REFUSED: [(&str, &str, &str, &str); 13] = [
        ("PutObject", "x-amz-acl", "public-read", "AccessControlListNotSupported"),
        ("PutObject", "x-amz-grant-read", "id=1", "AccessControlListNotSupported"),
        ("CreateBucket", "x-amz-acl", "public-read", "InvalidBucketAclWithObjectOwnership"),
        ("PutObject", "x-amz-server-side-encryption", "aws:kms", "NotImplemented"),
        ("PutObject", "x-amz-server-side-encryption", "ROT13", "InvalidArgument"),
        ("PutObject", "x-amz-server-side-encryption-customer-algorithm", "AES256", "NotImplemented"),
        ("PutObject", "x-amz-object-lock-mode", "COMPLIANCE", "InvalidRequest"),
        ("PutObject", "x-amz-write-offset-bytes", "3", "NotImplemented"),
        ("PutObject", "x-amz-checksum-xxhash3", "any", "NotImplemented"),
        ("PutObject", "x-amz-expected-bucket-owner", "111122223333", "AccessDenied"),
        ("DeleteObject", "x-amz-bypass-governance-retention", "true", "InvalidArgument"),
        ("CreateBucket", "x-amz-object-ownership", "ObjectWriter", "NotImplemented"),
        ("CreateBucket", "x-amz-bucket-object-lock-enabled", "true", "NotImplemented"),
    ];

    #[test]
    fn what_is_not_supported_is_refused_by_its_own_code() {
        for (operation, name, value, expected) in REFUSED {
            assert_eq!(code(operation, name, value), expected, "{name}: {value}");
        }
    }

    #[test]
    fn an_operation_that_is_not_supported_has_an_error() {
        let code =
            |operation| of_operation(operation).map(|error| error.code().as_str().to_owned());
        assert_eq!(code("GetObject"), None);
        assert_eq!(code("PutBucketPolicy").as_deref(), Some("NotImplemented"));
        assert_eq!(
            code("GetBucketPolicy").as_deref(),
            Some("NoSuchBucketPolicy")
        );
        assert_eq!(
            code("PutObjectAcl").as_deref(),
            Some("AccessControlListNotSupported")
        );
    }
}
