using System.Buffers.Binary;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;
using MongoDB.Bson.Serialization.Serializers;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>
/// One connection: reads messages, answers them in order. Message formats: MongoDB's wire protocol, OP_MSG (both kinds of
/// section), and OP_QUERY with OP_REPLY for a driver's first hello.
/// </summary>
internal sealed class MongoSession(MongoServer set, MongoMember member, int connection, Stream stream)
{
    private const int OpReply = 1;
    private const int OpQuery = 2004;
    private const int OpMsg = 2013;
    private const int HeaderBytes = 16;
    private const int MaxMessageBytes = 48_000_000;
    private const uint ChecksumPresent = 1;
    private const uint MoreToCome = 2;

    private readonly MongoLogin _login = new(set.User);
    private int _lastReply;

    public async Task ServeAsync()
    {
        var header = new byte[HeaderBytes];
        while (await stream.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false) == HeaderBytes)
        {
            if (header is [0x16, 0x03, ..])
            {
                return; // a TLS handshake, to a server that speaks none
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(header);
            if (length is < HeaderBytes or > MaxMessageBytes + 16_384)
            {
                throw new InvalidOperationException($"A message of {length} bytes");
            }

            var body = new byte[length - HeaderBytes];
            await stream.ReadExactlyAsync(body);
            var request = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4));
            var opCode = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(12));
            var (command, answers) = opCode switch
            {
                OpMsg => Message(body),
                OpQuery => (Query(body), true),
                _ => throw new InvalidOperationException($"Operation {opCode} is not known here"),
            };
            var reply = await AnswerAsync(command);
            if (reply is null)
            {
                return; // a fault ends the connection
            }

            if (answers)
            {
                await stream.WriteAsync(opCode == OpMsg ? Message(request, reply) : Reply(request, reply));
            }
        }
    }

    private async Task<BsonDocument?> AnswerAsync(BsonDocument command)
    {
        var name = command.GetElement(0).Name;
        var canRetry = command.Contains("txnNumber");
        var fault = set.Fault(name, set.State.Count(name));
        switch (fault)
        {
            case MongoFault.DropRequest:
                return null;
            case MongoFault.Refuse refuse:
                return MongoErrors.Reply(refuse.Code, refuse.CodeName, "refused by a switch", canRetry);
            default:
                break;
        }

        if (MongoHousekeeping.Answer(set, member, connection, _login, command) is { } own)
        {
            return own;
        }

        if (!_login.IsDone)
        {
            return MongoErrors.Reply(13, "Unauthorized", $"command {name} requires authentication");
        }

        set.Seen(command);
        if (fault is MongoFault.RefuseStatements statements)
        {
            return MongoErrors.Fine().Add("n", 0).Add("writeErrors", new BsonArray(Enumerable.Range(0, command["updates"].AsBsonArray.Count)
                .Select(i => new BsonDocument { { "index", i }, { "code", statements.Code }, { "errmsg", "refused by a switch" } })));
        }

        var reply = !set.IsPrimary(member)
            ? MongoErrors.Reply(10107, "NotWritablePrimary", "not primary", canRetry)
            : set.State.Run(command);
        switch (fault)
        {
            case MongoFault.DropReply:
                return null;
            case MongoFault.Hold hold:
                await hold.Until;
                break;
            case MongoFault.NoMajority:
                reply.Add("writeConcernError", new BsonDocument
                {
                    { "code", 64 }, { "codeName", "WriteConcernFailed" }, { "errmsg", "waiting for replication timed out" },
                    { "errInfo", new BsonDocument("wtimeout", true) },
                });
                break;
            default:
                break;
        }

        return reply;
    }

    /// <summary>OP_MSG: flags, then sections; a section of kind 1 is an array of the command, sent as a sequence.</summary>
    private static (BsonDocument Command, bool Answers) Message(byte[] body)
    {
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(body);
        var end = body.Length - ((flags & ChecksumPresent) != 0 ? 4 : 0);
        BsonDocument? command = null;
        var sequences = new List<(string Name, BsonArray Documents)>();
        for (var at = 4; at < end;)
        {
            var kind = body[at++];
            var length = BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(at));
            if (kind == 0)
            {
                command = Document(body, at, length);
            }
            else
            {
                var name = body.AsSpan(at + 4);
                name = name[..name.IndexOf((byte)0)];
                var documents = new BsonArray();
                for (var next = at + 4 + name.Length + 1; next < at + length;)
                {
                    var size = BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(next));
                    documents.Add(Document(body, next, size));
                    next += size;
                }

                sequences.Add((System.Text.Encoding.UTF8.GetString(name), documents));
            }

            at += length;
        }

        foreach (var (name, documents) in sequences)
        {
            command!.Add(name, documents);
        }

        return (command ?? throw new InvalidOperationException("A message without a command"), (flags & MoreToCome) == 0);
    }

    /// <summary>OP_QUERY: flags, collection (<c>database.$cmd</c>), skip, limit, query.</summary>
    private static BsonDocument Query(byte[] body)
    {
        var name = body.AsSpan(4, body.AsSpan(4).IndexOf((byte)0));
        var at = 4 + name.Length + 1 + 8;
        var database = System.Text.Encoding.UTF8.GetString(name[..name.IndexOf((byte)'.')]);
        return Document(body, at, BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(at))).Set("$db", database);
    }

    private byte[] Message(int request, BsonDocument reply)
    {
        var document = reply.ToBson();
        var message = Header(HeaderBytes + 5 + document.Length, request, OpMsg);
        document.CopyTo(message, HeaderBytes + 5);
        return message;
    }

    private byte[] Reply(int request, BsonDocument reply)
    {
        var document = reply.ToBson();
        var message = Header(HeaderBytes + 20 + document.Length, request, OpReply);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(HeaderBytes + 16), 1);
        document.CopyTo(message, HeaderBytes + 20);
        return message;
    }

    private byte[] Header(int length, int request, int opCode)
    {
        var message = new byte[length];
        BinaryPrimitives.WriteInt32LittleEndian(message, length);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), ++_lastReply);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(8), request);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(12), opCode);
        return message;
    }

    private static BsonDocument Document(byte[] bytes, int at, int length)
    {
        using var stream = new MemoryStream(bytes, at, length, writable: false);
        using var reader = new BsonBinaryReader(stream, new BsonBinaryReaderSettings { MaxDocumentSize = MaxMessageBytes });
        return BsonDocumentSerializer.Instance.Deserialize(BsonDeserializationContext.CreateRoot(reader));
    }
}
