using System.Net.Sockets;
using MongoDB.Bson;
using MongoDB.Driver;

namespace OtpActors.Infrastructure.Stores.Mongo;

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

    /// <exception cref="StoreUnavailableException">More is wrong with the bulk than that documents were refused.</exception>
    public static void ThrowIfUnavailable(MongoBulkWriteException<BsonDocument> failure, string where)
    {
        if (failure.WriteErrors.FirstOrDefault(e => e.Category != ServerErrorCategory.DuplicateKey && !Refusals.ContainsKey(e.Code))
            is { } error)
        {
            throw MongoSetups.From(error.Code) is { } setup
                ? new StoreSetupException($"{where}: {setup}")
                : new StoreUnavailableException($"{where} cannot write now (error {error.Code})");
        }

        if (failure.WriteConcernError is { } concern)
        {
            throw new StoreUnavailableException(
                $"{where} has written, but no majority has acknowledged it ({concern.CodeName ?? "error"} {concern.Code})");
        }
    }

    private static StoreUnavailableException NoMajority(string where, BsonDocument reply)
    {
        var error = reply.GetValue("writeConcernError", BsonNull.Value) as BsonDocument ?? [];
        return new StoreUnavailableException($"{where} has done it, but no majority has acknowledged it "
            + $"({error.GetValue("codeName", "error")} {error.GetValue("code", 0)})");
    }

    /// <summary>
    /// A server that shuts down, or steps down, in the middle of a log-in says so by its code; of the others only those that a
    /// change of user or set-up ends are refusals. A log-in that merely breaks off is an outage.
    /// </summary>
    private static Exception LogIn(string where, MongoAuthenticationException e) => Command(e) switch
    {
        { } command when MongoSetups.OfLogIn(command.Code) is { } setup =>
            new StoreSetupException($"{where} refuses the log-in: {setup}"),
        { } command => Out(where, $"the log-in failed ({command.CodeName ?? "error"} {command.Code})", null),
        null when MongoReach.Tls(where, e) is { } tls => tls,
        null => Out(where, "the log-in was cut short", e),
    };

    /// <summary>What a server answers to the first words of a connection.</summary>
    private static Exception? Handshake(string where, MongoConnectionException e) => Command(e) switch
    {
        { } command when MongoSetups.OfLogIn(command.Code) is { } setup => new StoreSetupException($"{where}: {setup}"),
        { } command => Out(where, $"{command.CodeName ?? "error"} {command.Code}", null),
        null => null,
    };

    private static MongoCommandException? Command(Exception? exception)
    {
        while (exception is not (null or MongoCommandException))
        {
            exception = exception.InnerException;
        }

        return exception as MongoCommandException;
    }

    /// <summary>Why a document was refused, in words that do not repeat it.</summary>
    public static string Refusal(int code) => $"MongoDB refuses the document: {Refusals[code]} ({code})";

    /// <summary>The exception in the words of a store; null for what is none of MongoDB's.</summary>
    public static Exception? Explain(Exception exception, string where, IMongoClient? client) => exception switch
    {
        MongoAuthenticationException e => LogIn(where, e),
        MongoConfigurationException => new StoreSetupException($"{where}: the connection string cannot be used as it is"),
        MongoIncompatibleDriverException e => new StoreSetupException($"{where} is too old or too new for this driver", e),
        TimeoutException e => (Exception?)MongoReach.Explain(where, client) ?? Out(where, Unreachable(client), e),
        MongoConnectionException e => (Exception?)MongoReach.Tls(where, e) ?? Handshake(where, e)
            ?? Out(where, e.GetBaseException().Message, e),
        MongoWriteConcernException e => NoMajority(where, e.WriteConcernResult.Response),
        MongoCommandException e when MongoSetups.From(e.Code) is { } setup => new StoreSetupException($"{where}: {setup}"),
        MongoCommandException e => Out(where, $"{e.CodeName ?? "error"} {e.Code}", null),
        MongoExecutionTimeoutException e => Out(where, $"{e.CodeName ?? "error"} {e.Code}", null),
        MongoServerException e => Out(where, e.GetType().Name, null),
        MongoClientException e => Out(where, e.Message, e),
        MongoException e when e.HasErrorLabel("RetryableWriteError") => Out(where, e.GetType().Name, e),
        SocketException or IOException => Out(where, exception.Message, exception),
        _ when client is null => Out(where, "its DNS records cannot be read", null),
        _ => null,
    };

    private static StoreUnavailableException Out(string where, string why, Exception? cause) => new($"{where} is unavailable: {why}", cause);

    /// <summary>What the driver's watch over the servers last saw.</summary>
    private static string Unreachable(IMongoClient? client) =>
        client?.Cluster.Description.Servers.Select(server => server.HeartbeatException).FirstOrDefault(e => e is not null) is { } seen
            ? $"it cannot be reached ({seen.GetBaseException().Message})"
            : "none of its servers can be written to";
}
