using System.Text;
using OtpActors.Infrastructure.Topics.Embedded;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Topics.Embedded;

public sealed class KafkaPartitionerSpecs
{
    /// <summary>The vectors of Kafka's own <c>UtilsTest.testMurmur2</c>.</summary>
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Hashes_as_Kafka_does(string key, int hash) =>
        KafkaPartitioner.Murmur2(Encoding.UTF8.GetBytes(key)).ShouldBe(hash);

    [Fact]
    public void A_hash_below_zero_still_gives_a_partition() =>
        KafkaPartitioner.Partition(Encoding.UTF8.GetBytes("21"), 7).ShouldBe((-973932308 & int.MaxValue) % 7);

    [Fact]
    public void No_key_is_partition_0() => KafkaPartitioner.Partition(null, 7).ShouldBe(0);
}
