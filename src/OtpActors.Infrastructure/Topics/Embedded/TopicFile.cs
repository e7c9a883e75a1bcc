using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Infrastructure.Topics.Embedded;

/// <summary>A topic as the file knows it. Never changes once created.</summary>
internal sealed record TopicEntry(long Id, string Name, int Partitions);

/// <summary>
/// The tables of the log and what is read from and written to them. Each method runs on the thread of the session it
/// is given; those that write want to be inside a transaction.
/// </summary>
internal static class TopicFile
{
    public static void CreateTables(SqliteSession session) => session.Write(s =>
    {
        s.Statement("""
            CREATE TABLE IF NOT EXISTS topics (
              id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL)
            """).Execute();
        s.Statement("""
            CREATE TABLE IF NOT EXISTS records (
              topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
              timestamp INTEGER NOT NULL, key BLOB, value BLOB, headers BLOB,
              PRIMARY KEY (topic, partition, offset)) WITHOUT ROWID
            """).Execute();
        s.Statement("""
            CREATE TABLE IF NOT EXISTS producers (
              topic INTEGER NOT NULL, producer TEXT NOT NULL, next_sequence INTEGER NOT NULL,
              PRIMARY KEY (topic, producer)) WITHOUT ROWID
            """).Execute();
        s.Statement("""
            CREATE TABLE IF NOT EXISTS commits (
              topic INTEGER NOT NULL, consumer_group TEXT NOT NULL, partition INTEGER NOT NULL,
              next_offset INTEGER NOT NULL, PRIMARY KEY (topic, consumer_group, partition)) WITHOUT ROWID
            """).Execute();
    });

    public static TopicEntry? Find(SqliteSession session, string name)
    {
        var query = session.Statement("SELECT id, partitions FROM topics WHERE name = ?1").Bind(1, name);
        var topic = query.Step() ? new TopicEntry(query.Number(0), name, (int)query.Number(1)) : null;
        query.Reset();
        return topic;
    }

    public static List<TopicSummary> List(SqliteSession session)
    {
        var rows = session.Statement("SELECT name, partitions FROM topics ORDER BY name");
        var topics = new List<TopicSummary>();
        while (rows.Step())
        {
            topics.Add(new TopicSummary(rows.Text(0), (int)rows.Number(1)));
        }

        return topics;
    }

    public static (TopicEntry Topic, bool Created) Ensure(SqliteSession session, string name, int partitions)
    {
        var created = session
            .Statement("INSERT INTO topics (name, partitions) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
            .Bind(1, name).Bind(2, partitions).Execute() > 0;
        return (Find(session, name)!, created);
    }

    public static long NextSequence(SqliteSession session, TopicEntry topic, string producer) => session
        .Statement("SELECT next_sequence FROM producers WHERE topic = ?1 AND producer = ?2")
        .Bind(1, topic.Id).Bind(2, producer).Scalar() ?? 0;

    /// <summary>Null where the partition is empty.</summary>
    public static long? LowWatermark(SqliteSession session, TopicEntry topic, int partition) => session
        .Statement("SELECT min(offset) FROM records WHERE topic = ?1 AND partition = ?2")
        .Bind(1, topic.Id).Bind(2, partition).Scalar();

    public static long HighWatermark(SqliteSession session, TopicEntry topic, int partition) => session
        .Statement("SELECT max(offset) + 1 FROM records WHERE topic = ?1 AND partition = ?2")
        .Bind(1, topic.Id).Bind(2, partition).Scalar() ?? 0;

    /// <summary>Appends what this producer has not appended yet, and acknowledges all of the batch.</summary>
    public static ProducerAck Append(
        SqliteSession session, TopicEntry topic, string producer, IReadOnlyList<ProducerRecord> batch)
    {
        var next = NextSequence(session, topic, producer);
        var ends = new Dictionary<int, long>();
        var headers = new HeaderCodec();
        var insert = session.Statement("""
            INSERT INTO records (topic, partition, offset, timestamp, key, value, headers)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """).Bind(1, topic.Id);
        foreach (var record in batch)
        {
            if (record.Sequence < next)
            {
                continue;
            }

            var partition = KafkaPartitioner.Partition(record.Key, topic.Partitions);
            if (!ends.TryGetValue(partition, out var end))
            {
                end = HighWatermark(session, topic, partition);
            }

            insert.Bind(2, partition).Bind(3, end).Bind(4, record.Timestamp.Milliseconds)
                .BindBlob(5, record.Key).BindBlob(6, record.Value).BindBlob(7, headers.Encode(record.Headers))
                .Execute();
            ends[partition] = end + 1;
            next = record.Sequence + 1;
        }

        session
            .Statement("""
                INSERT INTO producers (topic, producer, next_sequence) VALUES (?1, ?2, ?3)
                ON CONFLICT DO UPDATE SET next_sequence = excluded.next_sequence
                """)
            .Bind(1, topic.Id).Bind(2, producer).Bind(3, next).Execute();
        return new ProducerAck(next, batch.Count);
    }

    /// <summary>Records from an offset on, up to a count and a size; the first comes whatever its size.</summary>
    public static List<TopicRecord> Fetch(
        SqliteSession session, TopicEntry topic, int partition, long from, int maxRecords, int maxBytes)
    {
        var records = new List<TopicRecord>();
        var headers = new HeaderCodec();
        var query = session
            .Statement("""
                SELECT offset, timestamp, key, value, headers FROM records
                WHERE topic = ?1 AND partition = ?2 AND offset >= ?3 ORDER BY offset LIMIT ?4
                """)
            .Bind(1, topic.Id).Bind(2, partition).Bind(3, from).Bind(4, maxRecords);
        var bytes = 0;
        while (bytes < maxBytes && query.Step())
        {
            var key = query.Blob(2);
            var value = query.Blob(3);
            records.Add(new TopicRecord(
                query.Number(0),
                key,
                value,
                new RecordTime(query.Number(1)),
                query.IsNull(4) ? null : headers.Decode(query.Bytes(4))));
            bytes += (key?.Length ?? 0) + (value?.Length ?? 0) + query.Bytes(4).Length;
        }

        query.Reset();
        return records;
    }

    public static OffsetMap Committed(SqliteSession session, TopicEntry topic, string group)
    {
        var query = session
            .Statement("SELECT partition, next_offset FROM commits WHERE topic = ?1 AND consumer_group = ?2")
            .Bind(1, topic.Id).Bind(2, group);
        var offsets = OffsetMap.Empty.ToBuilder();
        while (query.Step())
        {
            offsets[(int)query.Number(0)] = query.Number(1);
        }

        return offsets.ToImmutable();
    }

    public static void Commit(SqliteSession session, TopicEntry topic, string group, int partition, long offset) =>
        session
            .Statement("""
                INSERT INTO commits (topic, consumer_group, partition, next_offset) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO UPDATE SET next_offset = max(next_offset, excluded.next_offset)
                """)
            .Bind(1, topic.Id).Bind(2, group).Bind(3, partition).Bind(4, offset).Execute();

    public static OffsetMap ToOffsetMap(this IEnumerable<KeyValuePair<int, long>> offsets) =>
        OffsetMap.Empty.AddRange(offsets);
}
