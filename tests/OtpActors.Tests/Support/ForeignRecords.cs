using System.Text;
using OtpActors.Infrastructure.Topics;

namespace OtpActors.Tests.Support;

/// <summary>A record as a producer that knows nothing of this program may write it.</summary>
internal sealed record ForeignRecord(
    byte[]? Key, byte[]? Value, long Time, IReadOnlyList<(string Name, byte[]? Value)> Headers);

/// <summary>Records of every odd kind, a function of the seed: each part is good about half of the time.</summary>
internal sealed class ForeignRecords(int seed)
{
    private static readonly long[] Times =
    [
        0, 1, -1, -2, 999, 1_700_000_000_000, 1_700_000_000_000_000, 1_700_000_000_000_000_000, long.MinValue, long.MinValue + 1,
        long.MaxValue, long.MaxValue - 1, int.MaxValue, int.MinValue, -62_135_596_800_000, -62_135_596_800_001, 253_402_300_799_999,
        253_402_300_800_000,
    ];

    private static readonly string[] Names =
    [
        "", "x", "traceparent", "tracestate", "baggage", "\u202ename", new string('n', 3_000), DeadLetters.TopicHeader, DeadLetters.PartitionHeader,
        DeadLetters.OffsetHeader, DeadLetters.TimestampHeader, DeadLetters.SinkHeader, DeadLetters.ReasonHeader, DeadLetters.KeyBytesHeader,
    ];

    private static readonly string[] Texts =
    [
        "", "0", "-1", "999999999999999999999", "\u0665", "email_topic", "00-", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-0000000000000000-zz", "253402300800000 ms", "x ms", " ms", "\0", "\u2028", new string('x', 5_000),
    ];

    private static readonly string[] BadKeys =
        ["", "nobody", "a@b", "@", "a@@b.c", "=?utf-8?q?a?=@b.co", "a\r\nb@c.d", "\ufeffa@b.co", "a\u202eb@c.de", new string('a', 300) + "@b.co", "{\"email\":1}"];

    private static readonly string[] BadValues = ["", " ", "a\nb", "a\rb", "\0", "1\u200b", "\u2028", new string('9', 129), " 1", "1 ", "\u200d"];

    private readonly Random _random = new(seed);

    public List<ForeignRecord> Take(int count) => [.. Enumerable.Range(0, count).Select(Next)];

    /// <summary>Requests that no parser should trip over, beside some that are right.</summary>
    public List<ForeignRecord> TakeCommands(int count) => [.. Enumerable.Range(0, count).Select(i => Next(i) with { Value = Command() })];

    private ForeignRecord Next(int number) => new(Key(number), Value(), Time(), Headers());

    private byte[]? Key(int number) => _random.Next(8) switch
    {
        0 => null,
        1 => Bytes(40),
        2 => Encoding.UTF8.GetBytes(Pick(BadKeys)),
        3 when number % 40 == 3 => Bytes(100_000),
        _ => Encoding.UTF8.GetBytes($"user-{number}@example.com"),
    };

    private byte[]? Value() => _random.Next(8) switch
    {
        0 => null,
        1 => Bytes(200),
        2 => Encoding.UTF8.GetBytes(Pick(BadValues)),
        3 when _random.Next(40) == 0 => Bytes(600_000),
        _ => Encoding.UTF8.GetBytes($"{_random.Next(1_000_000):D6}"),
    };

    private long Time() => _random.Next(3) switch
    {
        0 => Pick(Times),
        1 when _random.Next(2) == 0 => _random.NextInt64(long.MinValue, long.MaxValue),
        _ => 1_700_000_000_000 + _random.Next(1_000_000),
    };

    private List<(string, byte[]?)> Headers() => _random.Next(3) > 0 ? [] :
    [
        .. Enumerable.Range(0, _random.Next(20) == 0 ? 300 : _random.Next(1, 5)).Select(_ => (Pick(Names), _random.Next(4) switch
        {
            0 => null,
            1 => Bytes(60),
            _ => Encoding.UTF8.GetBytes(Pick(Texts)),
        })),
    ];

    private byte[]? Command()
    {
        string[] durations = ["5s", "\u0665s", "\uff15m", "1.\u0665h", "PT\u0665S", "-5s", "999999999h", "00:00:\u0660\u0661", "", "P1Y", "\ud800", "0.0000001s"];
        string[] others =
        [
            "{}", "null", "[]", "1", "", "\u0665", "{", "{\"email\":1}", "{\"otp\":\"canary-s3cret\\u200b\",\"email\":\"a@example.com\"}",
            "{\"email\":\"=?utf-8?q?a?=@b.co\",\"otp\":\"canary-s3cret\"}", "{\"email\":\"a@b.co\",\"otp\":\"canary-s3cret\",\"x\":1}",
            "{\"count\":\u0665}", "{\"count\":1e999}", "{\"count\":-1}", "{\"notify\":\"\u0665\"}", "{\"notify\":-1}", "{\"partitions\":99999999999}",
            "{\"email\":\"a@b.co\",\"otp\":\"\\ud800canary-s3cret\"}", "{\"notAfter\":\"\u0662\u0660\u0663\u0661-05-17T08:30:00Z\"}",
            "{\"notAfter\":\"9999-12-31T23:59:59-14:00\"}", "{\"notAfter\":\"0001-01-01T00:00:00+14:00\"}", "{\"records\":[null]}",
            "{\"records\":[{\"email\":\"a@b.co\",\"otp\":\"canary-s3cret\\n\"}]}", "{\"overlap\":7}", "{\"topic\":\"\u0665\"}",
        ];
        return _random.Next(3) switch
        {
            0 => _random.Next(4) == 0 ? null : Bytes(100),
            1 => Encoding.UTF8.GetBytes(Pick(others)),
            _ => Encoding.UTF8.GetBytes(
                $$"""{"email":"a@example.com","otp":"canary-s3cret","topic":"of-commands","notify":"none","overlap":"skip","{{Pick(["interval", "duration", "window", "deadline"])}}":"{{Pick(durations)}}"}"""),
        };
    }

    private byte[] Bytes(int most)
    {
        var bytes = new byte[_random.Next(most)];
        _random.NextBytes(bytes);
        return bytes;
    }

    private T Pick<T>(IReadOnlyList<T> all) => all[_random.Next(all.Count)];
}
