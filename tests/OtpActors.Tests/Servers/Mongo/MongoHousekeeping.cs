using System.Security.Cryptography;
using System.Text;
using MongoDB.Bson;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>What a driver asks for itself: who is there, log-in, ends of sessions. Every member answers it.</summary>
internal static class MongoHousekeeping
{
    /// <summary>Null for a command of users.</summary>
    public static BsonDocument? Answer(
        MongoServer set, MongoMember member, int connection, MongoLogin login, BsonDocument command)
    {
        switch (command.GetElement(0).Name)
        {
            case "hello" or "ismaster" or "isMaster":
                var hello = set.Hello(member).Add("connectionId", connection);
                if (command.Contains("saslSupportedMechs"))
                {
                    // of a user that it knows: `database.user`
                    hello.Add(
                        "saslSupportedMechs", new BsonArray { "SCRAM-SHA-256" },
                        command["saslSupportedMechs"] == $"{set.User?.Database}.{set.User?.Name}");
                }

                return hello.Add("ok", 1.0);
            case "ping" or "endSessions":
                return MongoErrors.Fine();
            case "buildInfo":
                return MongoErrors.Fine().Add("version", "7.0.0").Add("versionArray", new BsonArray { 7, 0, 0, 0 });
            case "saslStart":
                return login.Start(command);
            case "saslContinue":
                return login.Continue(command);
            default:
                return null;
        }
    }
}

/// <summary>A connection's log-in by SCRAM-SHA-256 (RFC 7677, RFC 5802 §5), the server's part.</summary>
internal sealed class MongoLogin(MongoUser? user)
{
    private const int Iterations = 4096;
    private static readonly byte[] Salt = RandomNumberGenerator.GetBytes(28);

    private string _clientFirstBare = "";
    private string _serverFirst = "";
    private bool _isRightUser;

    public bool IsDone { get; private set; } = user is null;

    public BsonDocument Start(BsonDocument command)
    {
        if (command["mechanism"].AsString == "SCRAM-SHA-1" || user is null)
        {
            return Failed(); // what a driver tries for a user of whom the server tells no mechanism
        }

        if (command["mechanism"].AsString != "SCRAM-SHA-256")
        {
            return MongoErrors.Reply(334, "MechanismUnavailable", "Received authentication for a mechanism which is not enabled");
        }

        var first = Encoding.UTF8.GetString(command["payload"].AsByteArray);
        _clientFirstBare = first[(first.IndexOf(',', first.IndexOf(',') + 1) + 1)..];
        var parts = Parts(_clientFirstBare);
        _isRightUser = parts['n'] == user.Name && command["$db"].AsString == user.Database;
        _serverFirst = $"r={parts['r']}{Convert.ToBase64String(RandomNumberGenerator.GetBytes(18))},"
            + $"s={Convert.ToBase64String(Salt)},i={Iterations}";
        return Step(_serverFirst, done: false);
    }

    public BsonDocument Continue(BsonDocument command)
    {
        var final = Encoding.UTF8.GetString(command["payload"].AsByteArray);
        if (final.Length == 0)
        {
            return Step("", done: true);
        }

        var parts = Parts(final);
        var message = Encoding.UTF8.GetBytes($"{_clientFirstBare},{_serverFirst},{final[..final.LastIndexOf(",p=", StringComparison.Ordinal)]}");
        var salted = Rfc2898DeriveBytes.Pbkdf2(user!.Password, Salt, Iterations, HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var signature = HMACSHA256.HashData(SHA256.HashData(clientKey), message);
        var proof = Convert.FromBase64String(parts['p']).Zip(signature, (p, s) => (byte)(p ^ s)).ToArray();
        if (!_isRightUser || !proof.SequenceEqual(clientKey))
        {
            return Failed();
        }

        IsDone = true;
        var server = HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), message);
        return Step($"v={Convert.ToBase64String(server)}", done: true);
    }

    private static BsonDocument Step(string payload, bool done) => new()
    {
        { "conversationId", 1 }, { "done", done }, { "payload", Encoding.UTF8.GetBytes(payload) }, { "ok", 1.0 },
    };

    private static BsonDocument Failed() => MongoErrors.Reply(18, "AuthenticationFailed", "Authentication failed.");

    private static Dictionary<char, string> Parts(string message) =>
        message.Split(',').ToDictionary(part => part[0], part => part[2..]);
}

/// <summary>Replies.</summary>
internal static class MongoErrors
{
    /// <summary>Codes after which a driver tries a write again; newer servers say so by a label, of a write that can be retried.</summary>
    private static readonly HashSet<int> Retryable = [11600, 11602, 10107, 13435, 13436, 189, 91, 7, 6, 89, 9001, 262];

    public static BsonDocument Fine() => new() { { "ok", 1.0 } };

    public static BsonDocument Reply(int code, string name, string message, bool isRetryable = false)
    {
        var reply = new BsonDocument { { "ok", 0.0 }, { "errmsg", message }, { "code", code }, { "codeName", name } };
        return reply.Add("errorLabels", new BsonArray { "RetryableWriteError" }, isRetryable && Retryable.Contains(code));
    }
}

/// <summary>A command fails as a whole.</summary>
internal sealed class MongoCommandError(int code, string name, string message) : Exception(message)
{
    public BsonDocument Reply() => MongoErrors.Reply(code, name, Message);
}
