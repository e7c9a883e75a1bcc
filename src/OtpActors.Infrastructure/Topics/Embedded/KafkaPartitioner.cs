using System.Buffers.Binary;

namespace OtpActors.Infrastructure.Topics.Embedded;

/// <summary>
/// Chooses a record's partition as Kafka's Java clients do (<c>BuiltInPartitioner</c> over <c>Utils.murmur2</c>), so
/// that keys lie together here as they would there.
/// </summary>
public static class KafkaPartitioner
{
    /// <summary>The partition of a key; without a key, partition 0.</summary>
    public static int Partition(byte[]? key, int partitions) =>
        key is null ? 0 : (Murmur2(key) & int.MaxValue) % partitions;

    /// <summary>MurmurHash2, 32 bits, with the seed that Kafka gives it.</summary>
    public static int Murmur2(ReadOnlySpan<byte> data)
    {
        const uint Seed = 0x9747b28c;
        const uint M = 0x5bd1e995;
        const int R = 24;

        var hash = Seed ^ (uint)data.Length;
        for (; data.Length >= 4; data = data[4..])
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(data) * M;
            word = (word ^ (word >> R)) * M;
            hash = (hash * M) ^ word;
        }

        if (data.Length >= 3)
        {
            hash ^= (uint)data[2] << 16;
        }

        if (data.Length >= 2)
        {
            hash ^= (uint)data[1] << 8;
        }

        if (data.Length >= 1)
        {
            hash = (hash ^ data[0]) * M;
        }

        hash = (hash ^ (hash >> 13)) * M;
        return (int)(hash ^ (hash >> 15));
    }
}
