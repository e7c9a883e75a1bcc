using System.Collections.Concurrent;

namespace OtpActors.Infrastructure.Stores.Cassandra;

/// <summary>
/// The write times of <see cref="OnExisting.Replace"/>, in microseconds: the record's millisecond and, of those of one
/// millisecond, the offset modulo 1,000. That alone would put a record before an earlier one of its millisecond where their
/// offsets have a multiple of 1,000 between them, so this tells which records such an earlier one may exist of. They are
/// few: those at the beginning of what is read, those whose time is before that of an earlier record, and those beyond a
/// multiple of 1,000 whose address came before in the same millisecond. For any number of threads, each with partitions of
/// its own.
/// </summary>
internal sealed class WriteTimes
{
    private const int Places = 1_000;

    /// <summary>Addresses of a millisecond that are remembered; beyond them each may have come before.</summary>
    private const int MaxAddresses = 4_096;

    private readonly ConcurrentDictionary<(string Topic, int Partition), Partition> _partitions = new();

    /// <summary>In microseconds since 1970.</summary>
    public static long From(StoreRecord record) => (Milliseconds(record) * Places) + (record.Origin.Offset % Places);

    /// <summary>
    /// Whether an earlier record of the same millisecond may have a write time that is not before this one's. To be asked of
    /// each record of a partition in their order.
    /// </summary>
    public bool IsAtRisk(StoreRecord record) => _partitions
        .GetOrAdd((record.Origin.Topic, record.Origin.Partition), static _ => new Partition())
        .IsAtRisk(record.Email.Value, Milliseconds(record), record.Origin.Offset);

    /// <summary>The write time that lets the record stand, given what is there: after an earlier record of its millisecond.</summary>
    public static long After(StoreRecord record, RecordOrigin? existing, DateTimeOffset? producedAt, long? writeTime) =>
        existing is { } origin && origin.Topic == record.Origin.Topic && origin.Partition == record.Origin.Partition
        && origin.Offset < record.Origin.Offset && producedAt?.ToUnixTimeMilliseconds() == record.ProducedAt.ToUnixTimeMilliseconds()
            ? Math.Max(From(record), writeTime is long.MaxValue ? long.MaxValue : (writeTime ?? 0) + 1)
            : From(record);

    private static long Milliseconds(StoreRecord record) => Math.Max(0, record.ProducedAt.ToUnixTimeMilliseconds());

    /// <summary>What was seen last of a partition.</summary>
    private sealed class Partition
    {
        private readonly HashSet<string> _addresses = [];
        private long _offset = -1;
        private long _newest = -1;
        private long _first;
        private bool _isFirst;

        public bool IsAtRisk(string address, long milliseconds, long offset)
        {
            if (_offset < 0 || offset <= _offset)
            {
                // The beginning, or a replay: what comes before is not known.
                Begin(milliseconds, offset, isFirst: offset == 0);
            }
            else if (milliseconds > _newest)
            {
                Begin(milliseconds, offset, isFirst: true);
            }

            _offset = offset;
            if (milliseconds < _newest || !_isFirst)
            {
                return true;
            }

            var isNew = _addresses.Count < MaxAddresses && _addresses.Add(address);
            return !isNew && _first / Places != offset / Places;
        }

        private void Begin(long milliseconds, long offset, bool isFirst)
        {
            (_newest, _first, _isFirst) = (milliseconds, offset, isFirst);
            _addresses.Clear();
        }
    }
}
