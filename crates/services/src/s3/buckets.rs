//! Creates, lists, describes and removes buckets.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        self, Bucket as ListedBucket, BucketLocationConstraint, CreateBucketInput,
        CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput, GetBucketAclInput,
        GetBucketAclOutput, GetBucketLocationInput, GetBucketLocationOutput,
        GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectAclInput, GetObjectAclOutput,
        Grant, Grantee, HeadBucketInput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
        Owner, Permission, Type,
    },
    s3_error,
};

use super::{
    listing,
    store::{Bucket, Store, only_version},
    unsupported,
};

/// The Region of a bucket without a location constraint.
const DEFAULT_REGION: &str = "us-east-1";
/// The canonical user that owns everything.
const OWNER: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Names must not begin or end with these.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

pub fn owner() -> Owner {
    Owner {
        id: Some(OWNER.to_owned()),
        display_name: None,
    }
}

pub fn create_bucket(
    store: &Store,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let input = request.input;
    let name = input.bucket;
    // s3s has checked the characters.
    if RESERVED_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || RESERVED_SUFFIXES
            .iter()
            .any(|suffix| name.ends_with(suffix))
    {
        return Err(s3_error!(InvalidBucketName));
    }
    let configuration = input.create_bucket_configuration.unwrap_or_default();
    if configuration.bucket.is_some() || configuration.location.is_some() {
        return Err(unsupported::not_implemented("directory buckets"));
    }
    let region = region(configuration.location_constraint)?;
    let created = store.now();
    store.with_buckets(|buckets| match buckets.get(&name) {
        // Only in us-east-1 may the owner create it again.
        Some(present) if present.region.is_none() && region.is_none() => Ok(()),
        Some(_) => Err(s3_error!(BucketAlreadyOwnedByYou)),
        None => {
            buckets.insert(name.clone(), Bucket::new(created, region));
            Ok(())
        }
    })?;
    Ok(S3Response::new(CreateBucketOutput {
        location: Some(format!("/{name}")),
    }))
}

/// A location constraint; us-east-1 has none.
fn region(constraint: Option<BucketLocationConstraint>) -> S3Result<Option<String>> {
    let Some(constraint) = constraint else {
        return Ok(None);
    };
    let name = constraint.as_str();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_valid = name == "EU" || (name.contains('-') && name.chars().all(is_plain));
    if !is_valid || name == DEFAULT_REGION {
        return Err(s3_error!(
            InvalidLocationConstraint,
            "The specified location-constraint is not valid"
        ));
    }
    Ok(Some(name.to_owned()))
}

pub fn delete_bucket(
    store: &Store,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    let name = request.input.bucket;
    let removed = store.with_buckets(|buckets| match buckets.get(&name) {
        None => Err(s3_error!(NoSuchBucket)),
        Some(bucket) if !bucket.objects.is_empty() => Err(s3_error!(BucketNotEmpty)),
        Some(_) => Ok(buckets.remove(&name)),
    });
    // Its incomplete uploads are dropped here, outside of the lock.
    removed.map(drop)?;
    Ok(S3Response::new(DeleteBucketOutput::default()))
}

pub fn head_bucket(
    store: &Store,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let name = request.input.bucket;
    let region = store.with_bucket(&name, |bucket| Ok(bucket.region.clone()))?;
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(region.unwrap_or_else(|| DEFAULT_REGION.to_owned())),
        ..HeadBucketOutput::default()
    }))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
pub fn list_buckets(
    store: &Store,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let most = most(input.max_buckets)?;
    let token = input.continuation_token.as_deref();
    let after = token.map(listing::read_token).transpose()?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let mut listed: Vec<ListedBucket> = store.with_buckets(|buckets| {
        let matching = buckets.iter().filter(|(name, bucket)| {
            let region = bucket.region.as_deref().unwrap_or(DEFAULT_REGION);
            name.starts_with(&prefix)
                && after.as_ref().is_none_or(|after| *name > after)
                && input
                    .bucket_region
                    .as_ref()
                    .is_none_or(|only| only == region)
        });
        matching
            .take(most.saturating_add(1))
            .map(|(name, bucket)| ListedBucket {
                bucket_region: Some(
                    bucket
                        .region
                        .as_deref()
                        .unwrap_or(DEFAULT_REGION)
                        .to_owned(),
                ),
                creation_date: Some(bucket.created.into()),
                name: Some(name.clone()),
            })
            .collect()
    });
    let more = listed.len() > most;
    listed.truncate(most);
    let last = listed.last().and_then(|bucket| bucket.name.as_deref());
    Ok(S3Response::new(ListBucketsOutput {
        continuation_token: last.filter(|_| more).map(listing::token),
        buckets: Some(listed),
        owner: Some(owner()),
        prefix: input.prefix,
    }))
}

fn most(requested: Option<i32>) -> S3Result<usize> {
    match requested {
        None => Ok(usize::MAX),
        Some(most @ 1..=10_000) => Ok(usize::try_from(most).unwrap_or(usize::MAX)),
        Some(_) => Err(s3_error!(
            InvalidArgument,
            "Argument max-buckets must be an integer between 1 and 10000"
        )),
    }
}

pub fn get_bucket_location(
    store: &Store,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let name = request.input.bucket;
    let region = store.with_bucket(&name, |bucket| Ok(bucket.region.clone()))?;
    Ok(S3Response::new(GetBucketLocationOutput {
        location_constraint: region.map(BucketLocationConstraint::from),
    }))
}

/// The answer for a bucket whose versioning was never set is empty.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html>
pub fn get_bucket_versioning(
    store: &Store,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let name = request.input.bucket;
    store.require_bucket(&name)?;
    Ok(S3Response::new(GetBucketVersioningOutput::default()))
}

pub fn get_bucket_acl(
    store: &Store,
    request: S3Request<GetBucketAclInput>,
) -> S3Result<S3Response<GetBucketAclOutput>> {
    let name = request.input.bucket;
    store.require_bucket(&name)?;
    Ok(S3Response::new(GetBucketAclOutput {
        grants: Some(vec![full_control()]),
        owner: Some(owner()),
    }))
}

pub fn get_object_acl(
    store: &Store,
    request: S3Request<GetObjectAclInput>,
) -> S3Result<S3Response<GetObjectAclOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    store.object(&input.bucket, &input.key)?;
    Ok(S3Response::new(GetObjectAclOutput {
        grants: Some(vec![full_control()]),
        owner: Some(owner()),
        ..GetObjectAclOutput::default()
    }))
}

/// The owner's grant on every bucket and object.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
fn full_control() -> Grant {
    Grant {
        grantee: Some(Grantee {
            display_name: None,
            email_address: None,
            id: Some(OWNER.to_owned()),
            type_: Type::from_static(Type::CANONICAL_USER),
            uri: None,
        }),
        permission: Some(Permission::from_static(dto::Permission::FULL_CONTROL)),
    }
}
