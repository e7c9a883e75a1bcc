using System.Net.Sockets;
using MongoDB.Bson;
using MongoDB.Driver;

namespace OtpActors.Stores.Mongo;

/// <summary>
/// The driver's errors, sorted: what passes, what somebody has to mend, what a document cannot help. What a server says of
/// a document can repeat it, password and all, so that neither such texts nor such exceptions are handed on.
/// </summary>
internal static class MongoFailures
{
    /// <summary>A document that is refused with one of these is refused for good, whatever the server's state.</summary>
    private static readonly Dictionary<int, string> Refusals = new()
    {
        [2] = "BadValue",
        [14] = "TypeMismatch",
        [22] = "InvalidBSON",
        [53] = "InvalidIdField",
        [56] = "EmptyFieldName",
        [121] = "DocumentValidationFailure",
        [10334] = "BSONObjectTooLarge",
        [17280] = "KeyTooLong",
        [17419] = "BSONObjectTooLarge",
        [17420] = "BSONObjectTooLarge",
    };

    /// <summary>Nothing but a change of user, rights or set-up ends these.</summary>
    private static readonly Dictionary<int, string> Setups = new()
    {
        [13] = "the user may not do this: it needs to read and write the collection and to create indexes",
        [18] = "the user or the password is wrong, or authSource names another database",
        [20] = "this deployment does not allow it (IllegalOperation)",
        [59] = "this server does not know the command (CommandNotFound)",
        [73] = "this is not a name that it accepts (InvalidNamespace)",
        [166] = "this is a view, not a collection",
        [8000] = "the user or the password is wrong, or the user may not do this",
    };

    /// <exception cref="StoreUnavailableException">More is wrong with the bulk than that documents were refused.</exception>
    public static void ThrowIfOut(MongoBulkWriteException<BsonDocument> failure, string where)
    {
        if (failure.WriteErrors.FirstOrDefault(e => e.Category != ServerErrorCategory.DuplicateKey && !Refusals.ContainsKey(e.Code))
            is { } error)
        {
            throw Setups.TryGetValue(error.Code, out var setup)
                ? new StoreSetupException($"{where}: {setup}")
                : new StoreUnavailableException($"{where} cannot write now (error {error.Code})");
        }

        if (failure.WriteConcernError is { } concern)
        {
            throw new StoreUnavailableException(
                $"{where} has written, but no majority has acknowledged it ({concern.CodeName ?? "error"} {concern.Code})");
        }
    }

    /// <summary>Why a document was refused, in words that do not repeat it.</summary>
    public static string Refusal(int code) => $"MongoDB refuses the document: {Refusals[code]} ({code})";

    /// <summary>The exception in the words of a store; null for what is none of MongoDB's.</summary>
    public static Exception? Explain(Exception exception, string where, IMongoClient? client) => exception switch
    {
        MongoAuthenticationException { InnerException: not MongoCommandException } e => Out(where, "the log-in was cut short", e),
        MongoAuthenticationException => new StoreSetupException($"{where} refuses the log-in: {Setups[18]}"),
        MongoConfigurationException => new StoreSetupException($"{where}: the connection string cannot be used as it is"),
        MongoIncompatibleDriverException e => new StoreSetupException($"{where} is too old or too new for this driver", e),
        TimeoutException e => Out(where, Unreachable(client), e),
        MongoConnectionException e => Out(where, e.GetBaseException().Message, e),
        MongoCommandException e when Setups.TryGetValue(e.Code, out var setup) => new StoreSetupException($"{where}: {setup}"),
        MongoCommandException e => Out(where, $"{e.CodeName ?? "error"} {e.Code}", null),
        MongoExecutionTimeoutException e => Out(where, $"{e.CodeName ?? "error"} {e.Code}", null),
        MongoServerException e => Out(where, e.GetType().Name, null),
        MongoClientException e => Out(where, e.Message, e),
        MongoException e when e.HasErrorLabel("RetryableWriteError") => Out(where, e.GetType().Name, e),
        SocketException or IOException => Out(where, exception.Message, exception),
        _ when client is null => Out(where, "its DNS records cannot be read", null),
        _ => null,
    };

    private static StoreUnavailableException Out(string where, string why, Exception? cause) => new($"{where} is out: {why}", cause);

    /// <summary>What the driver's watch over the servers last saw.</summary>
    private static string Unreachable(IMongoClient? client) =>
        client?.Cluster.Description.Servers.Select(server => server.HeartbeatException).FirstOrDefault(e => e is not null) is { } seen
            ? $"it cannot be reached ({seen.GetBaseException().Message})"
            : "none of its servers can be written to";
}
