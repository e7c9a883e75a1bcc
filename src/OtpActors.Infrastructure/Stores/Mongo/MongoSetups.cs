namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>
/// Errors of a server that nothing but a change of user, rights or set-up ends, each with what to mend. Codes and names:
/// MongoDB's <c>error_codes.yml</c>. Every code that is not here, nor one of a document, counts as one that passes.
/// </summary>
internal static class MongoSetups
{
    public const string Credentials = "the user or the password is wrong, or authSource names another database than the user's";

    private const string Rights = "it needs to read and write the collection and to create indexes (role readWrite on the database)";

    private static readonly Dictionary<int, string> Sentences = new()
    {
        [11] = Credentials, // UserNotFound
        [13] = $"the user may not do this: {Rights}",
        [18] = Credentials, // AuthenticationFailed
        [20] = "this deployment does not allow it (IllegalOperation): retryable writes need a replica set or retryWrites=false",
        [59] = "this server does not know the command (CommandNotFound): MongoDB 4.4 or later is required",
        [61] = "the collection is sharded by fields that a look-up of a record does not name (ShardKeyNotFound): "
            + "its shard key must be made of email, or of email and otp",
        [67] = "an index cannot be built (CannotCreateIndex): a sharded collection must have a shard key that begins the unique "
            + "index on (email, otp), so email or both; and a collection takes at most 64 indexes",
        [72] = "this deployment does not accept an option that the store relies on (InvalidOptions)",
        [73] = "this is not a name that it accepts (InvalidNamespace): correct OtpActors:Mongo:Database and :Collection",
        [115] = "this deployment does not support the command (CommandNotSupported): a replica set or sharded cluster of "
            + "MongoDB 4.4 or later is required",
        [148] = "it does not offer reads of what a majority has (ReadConcernMajorityNotEnabled): start every mongod without "
            + "enableMajorityReadConcern=false, on the storage engine WiredTiger",
        [166] = "this is a view, not a collection: name a collection in OtpActors:Mongo:Collection",
        [167] = "this is a view, not a collection: name a collection in OtpActors:Mongo:Collection",
        [171] = "a document holds arrays in both email and otp, which no index takes (CannotIndexParallelArrays): move it elsewhere",
        [197] = "it does not accept the store's index (InvalidIndexSpecificationOption): the collection must be an ordinary one",
        [214] = "the user may not log in from this address (AuthenticationRestrictionUnmet): change the user's restrictions",
        [227] = "the collection cannot be made by itself here (CannotImplicitlyCreateCollection): create it first",
        [242] = "the collection cannot be made (CannotCreateCollection): create it first",
        [292] = "it may not sort on its disk (QueryExceededMemoryLimitNoDiskUseAllowed): allow it for the length of the repair",
        [322] = "it does not know the API version that is asked for (APIVersionError): correct serverApi",
        [323] = "the API version that is asked for does not have the command (APIStrictError): leave out the strict mode",
        [334] = "it does not offer this way to log in (MechanismUnavailable): correct authMechanism, or enable it on the server",
        [8000] = "MongoDB Atlas refuses it (AtlasError): the user or the password is wrong, the user may not do this, or the "
            + "cluster is beyond its quota",
    };

    /// <summary>What to mend; null for an error that may pass.</summary>
    public static string? From(int code) => Sentences.GetValueOrDefault(code);

    /// <summary>Of errors in a log-in, where an unknown mechanism is also told as a bad value (2).</summary>
    public static string? OfLogIn(int code) => code == 2 ? Sentences[334] : From(code);
}
