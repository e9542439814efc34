//! The query parameters of each operation. Pure.
//!
//! An unknown parameter may belong to an operation that is newer than this list. It must not be taken
//! for the operation without the parameter, which could delete a bucket.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>

/// The parameters of query authentication in version 2; version 4's begin with `X-Amz-`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>
const AUTHENTICATION: [&str; 3] = ["AWSAccessKeyId", "Expires", "Signature"];
/// The header of a copy. In the query it is refused, since an upload would overwrite the object.
const COPY_SOURCE: &str = "x-amz-copy-source";

const READ: &[&str] = &[
    "partNumber",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "versionId",
];

/// The first parameter in a query that an operation does not have.
pub fn stray<'query>(operation: &str, query: &'query str) -> Option<&'query str> {
    let own = of(operation);
    query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .find(|name| !name.is_empty() && !is_common(name) && !own.contains(name))
}

/// Clients may send parameters that begin with `x-`, to find them in access logs.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>
fn is_common(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    AUTHENTICATION.contains(&name) || (lower.starts_with("x-") && !lower.starts_with(COPY_SOURCE))
}

fn of(operation: &str) -> &'static [&'static str] {
    match operation {
        "AbortMultipartUpload" | "CompleteMultipartUpload" => &["uploadId"],
        "CreateMultipartUpload" => &["uploads"],
        "DeleteObject" => &["versionId"],
        "DeleteObjects" => &["delete"],
        "DeleteObjectTagging" | "GetObjectTagging" | "PutObjectTagging" => {
            &["tagging", "versionId"]
        }
        "GetBucketAcl" => &["acl"],
        "GetBucketLocation" => &["location"],
        "GetBucketVersioning" => &["versioning"],
        "GetObject" | "HeadObject" => READ,
        "GetObjectAcl" => &["acl", "versionId"],
        "GetObjectAttributes" => &["attributes", "versionId"],
        "ListBuckets" => &[
            "bucket-region",
            "continuation-token",
            "max-buckets",
            "prefix",
        ],
        "ListMultipartUploads" => &[
            "uploads",
            "delimiter",
            "encoding-type",
            "key-marker",
            "max-uploads",
            "prefix",
            "upload-id-marker",
        ],
        "ListObjectVersions" => &[
            "versions",
            "delimiter",
            "encoding-type",
            "key-marker",
            "max-keys",
            "prefix",
            "version-id-marker",
        ],
        "ListObjects" => &["delimiter", "encoding-type", "marker", "max-keys", "prefix"],
        "ListObjectsV2" => &[
            "list-type",
            "continuation-token",
            "delimiter",
            "encoding-type",
            "fetch-owner",
            "max-keys",
            "prefix",
            "start-after",
        ],
        "ListParts" => &["max-parts", "part-number-marker", "uploadId"],
        "UploadPart" | "UploadPartCopy" => &["partNumber", "uploadId"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_and_common_parameters_are_not_stray() {
        for (operation, query) in [
            ("DeleteBucket", ""),
            ("DeleteBucket", "&"),
            ("PutObject", "x-id=PutObject"),
            (
                "PutObject",
                "X-Amz-Signature=00&X-Amz-Date=1&x-amz-checksum-crc32=a",
            ),
            (
                "GetObject",
                "AWSAccessKeyId=a&Signature=b&Expires=1&x-foo=1",
            ),
            (
                "GetObject",
                "response-expires=0&versionId=null&partNumber=1",
            ),
            ("UploadPart", "uploadId=a&partNumber=1"),
        ] {
            assert_eq!(stray(operation, query), None, "{operation} {query}");
        }
    }

    #[test]
    fn other_parameters_are_stray() {
        for (operation, query, expected) in [
            ("DeleteBucket", "uploads", "uploads"),
            ("DeleteBucket", "x-id=a&list-type=2", "list-type"),
            ("DeleteObject", "partNumber=1", "partNumber"),
            ("PutObject", "versionId=1", "versionId"),
            ("PutObject", "x-amz-copy-source=b/k", "x-amz-copy-source"),
            ("GetObject", "%61cl", "%61cl"),
            ("GetObjectTagging", "tagging&acl", "acl"),
        ] {
            assert_eq!(stray(operation, query), Some(expected), "{operation}");
        }
    }
}
