using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>Records as documents <c>{email, otp, topic, partition, offset, producedAt, storedAt}</c>, and back.</summary>
internal static class MongoDocuments
{
    public const string Email = "email";
    public const string Otp = "otp";
    public const string ProducedAt = "producedAt";
    private const string Topic = "topic";
    private const string Partition = "partition";
    private const string Offset = "offset";
    private const string StoredAt = "storedAt";

    /// <summary>What a document may take, in bytes (MongoDB's limit).</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Up to here a double holds every whole number.</summary>
    private const double MaxExact = 1L << 53;

    /// <summary>More than all but the texts of a document take: names, numbers, times, the id.</summary>
    private const int FixedBytes = 256;

    /// <summary>What tells a replay and an older record apart from a newer one; leaves the id behind.</summary>
    public static readonly ProjectionDefinition<BsonDocument> Standing = new BsonDocument
    {
        { "_id", 0 }, { Email, 1 }, { Otp, 1 }, { Topic, 1 }, { Partition, 1 }, { Offset, 1 }, { ProducedAt, 1 },
    };

    /// <summary>A record and no more: what other writers keep beside it can be anything, and is not read.</summary>
    public static readonly ProjectionDefinition<BsonDocument> Record = new BsonDocument
    {
        { "_id", 0 }, { Email, 1 }, { Otp, 1 }, { Topic, 1 }, { Partition, 1 }, { Offset, 1 }, { ProducedAt, 1 }, { StoredAt, 1 },
    };

    /// <summary>The newest first: by time produced, then time stored, then offset.</summary>
    public static readonly SortDefinition<BsonDocument> NewestFirst = new BsonDocument
    {
        { ProducedAt, -1 }, { StoredAt, -1 }, { Offset, -1 },
    };

    /// <summary>Adds the record if its identity is absent; the filter's two fields become the document's first.</summary>
    public static UpdateOneModel<BsonDocument> Insert(StoreRecord record, DateTimeOffset now) =>
        new(Identity(record), new BsonDocument("$setOnInsert", Rest(record, now))) { IsUpsert = true };

    /// <summary>
    /// Puts the record in the place of an older one of its identity: whatever has been written since it was looked at, a
    /// newer one stays.
    /// </summary>
    public static UpdateOneModel<BsonDocument> Replace(StoreRecord record, DateTimeOffset now)
    {
        var older = Identity(record);
        older.Add(ProducedAt, new BsonDocument("$not", new BsonDocument("$gt", Time(record.ProducedAt))));
        older.Add("$nor", new BsonArray
        {
            new BsonDocument
            {
                { Topic, record.Origin.Topic },
                { Partition, record.Origin.Partition },
                { Offset, new BsonDocument("$gte", record.Origin.Offset) },
            },
        });
        return new UpdateOneModel<BsonDocument>(older, new BsonDocument("$set", Rest(record, now)));
    }

    /// <summary>Whether the record is too large for a document. Looks closely only at what could be.</summary>
    public static bool IsTooLarge(StoreRecord record) =>
        record.Origin.Topic.Length >= MaxBytes / 4
        && FixedBytes + System.Text.Encoding.UTF8.GetByteCount(record.Origin.Topic)
            + (3L * (record.Email.Value.Length + record.Otp.Reveal().Length)) > MaxBytes;

    /// <summary>False for a document of other writers that is no record: without an address, or without a password.</summary>
    public static bool TryRead(BsonDocument document, out StoredOtp record)
    {
        record = null!;
        if (EmailAddress.TryRestore(Text(document, Email), out var email)
            && OneTimePassword.TryRestore(Text(document, Otp), out var otp))
        {
            record = new StoredOtp(email, otp, OriginOf(document), TimeOf(document, ProducedAt), TimeOf(document, StoredAt));
        }

        return record is not null;
    }

    /// <summary>Whether both fields are texts of a usable address and password: what only this shape holds can be told equal.</summary>
    public static bool IsRecord(BsonDocument document) =>
        document.GetValue(Email, BsonNull.Value) is BsonString && document.GetValue(Otp, BsonNull.Value) is BsonString
        && TryRead(document, out _);

    public static bool HasOrigin(BsonDocument document) => OriginOf(document) is not null;

    /// <summary>Whether the document holds what this store does not write: fields of another name, or of another kind.</summary>
    public static bool HasForeignFields(BsonDocument document) => document.Any(element => element.Name switch
    {
        "_id" => false,
        Email or Otp or Topic => !element.Value.IsString,
        Partition or Offset => !element.Value.IsNumeric,
        ProducedAt or StoredAt => !element.Value.IsBsonDateTime,
        _ => true,
    });

    /// <summary>The texts of a field that a filter for one of them matches: its own, or those in its array.</summary>
    public static IEnumerable<string> Matching(BsonDocument document, string name)
    {
        var value = document.GetValue(name, BsonNull.Value);
        return (value is BsonArray array ? array : [value]).Select(each => each switch
        {
            BsonString text => text.Value,
            BsonSymbol symbol => symbol.Name, // to the server the same as a text
            _ => null,
        }).OfType<string>();
    }

    /// <summary>Text; the digits of a whole number, as some writers keep passwords; else null.</summary>
    private static string? Text(BsonDocument document, string name) => document.GetValue(name, BsonNull.Value) switch
    {
        BsonString text => text.Value,
        BsonInt32 or BsonInt64 => document[name].ToString(),
        _ => null,
    };

    private static BsonDocument Identity(StoreRecord record) => new()
    {
        { Email, record.Email.Value },
        { Otp, record.Otp.Reveal() },
    };

    private static BsonDocument Rest(StoreRecord record, DateTimeOffset now) => new()
    {
        { Topic, record.Origin.Topic },
        { Partition, record.Origin.Partition },
        { Offset, record.Origin.Offset },
        { ProducedAt, Time(record.ProducedAt) },
        { StoredAt, Time(now) },
    };

    private static BsonDateTime Time(DateTimeOffset time) => new(time.ToUnixTimeMilliseconds());

    private static RecordOrigin? OriginOf(BsonDocument document) =>
        document.GetValue(Topic, BsonNull.Value) is BsonString topic
        && WholeOf(document, Partition) is >= 0 and <= int.MaxValue and var partition
        && WholeOf(document, Offset) is { } offset
            ? new RecordOrigin(topic.Value, (int)partition, offset)
            : null;

    /// <summary>A whole number, as any driver keeps it: a shell writes doubles. Null for everything else, NaN and what is too large.</summary>
    private static long? WholeOf(BsonDocument document, string name) => document.GetValue(name, BsonNull.Value) switch
    {
        BsonInt32 number => number.Value,
        BsonInt64 number => number.Value,
        BsonDouble { Value: >= -MaxExact and <= MaxExact and var number } when double.IsInteger(number) => (long)number,
        _ => null,
    };

    private static DateTimeOffset? TimeOf(BsonDocument document, string name) =>
        document.GetValue(name, BsonNull.Value) is BsonDateTime time
            ? new RecordTime(time.MillisecondsSinceEpoch).Date
            : null;
}
