using OtpActors.Cql.Protocol;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql.Protocol;

public sealed class ResponseSpecs
{
    public static TheoryData<byte, byte, string, string> All
    {
        get
        {
            var all = new TheoryData<byte, byte, string, string>();
            foreach (byte version in new byte[] { 3, 4 })
            {
                foreach (var (_, opcode, body, says) in Golden.Responses)
                {
                    all.Add(version, opcode, body, says);
                }

                all.Add(version, 0x08, Golden.Prepared(version), "Prepared abcd k:text v:set<timestamp>" + (version >= 4 ? " key 0" : ""));
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_frame_is_read_the_same_however_it_is_cut(byte version, byte opcode, string body, string says)
    {
        // Another frame follows: nothing of it may be taken.
        byte[] frames = [.. Golden.Frame(version, opcode, body), .. Golden.Frame(version, 0x02, "")];

        Read(frames).ShouldBe([says, "Ready"]);
        Read([.. frames.Select(each => new[] { each })]).ShouldBe([says, "Ready"], "one byte at a time");
        for (var cut = 1; cut < frames.Length; cut++)
        {
            Read(frames[..cut], frames[cut..]).ShouldBe([says, "Ready"], $"cut at {cut}");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_body_that_ends_early_is_refused(byte version, byte opcode, string body, string says)
    {
        says.ShouldNotBeEmpty();
        var whole = Golden.Bytes(body);
        for (var length = 0; length < whole.Length; length++)
        {
            var header = new FrameHeader((ProtocolVersion)version, FrameFlags.None, 7, (Opcode)opcode, length);
            try
            {
                // Some ends are ends of a shorter message; none may be anything but that or a refusal.
                Described.Of(header, whole.AsSpan(0, length));
            }
            catch (ProtocolException)
            {
            }
        }
    }

    [Theory]
    [InlineData("05 00 0001 08 00000000")] // a request's version byte
    [InlineData("85 00 0001 08 00000000")] // v5
    [InlineData("82 00 0001 08 00000000")] // v2
    [InlineData("84 00 0001 07 00000000")] // a request's opcode
    [InlineData("84 00 0001 ff 00000000")]
    [InlineData("84 01 0001 08 00000000")] // compressed
    [InlineData("84 00 0001 08 ffffffff")] // a negative length
    [InlineData("84 00 0001 08 7fffffff")] // beyond the limit
    public void A_header_that_is_none_is_refused(string header) => Should.Throw<ProtocolException>(() => Read(Golden.Bytes(header)));

    [Fact]
    public void A_length_that_is_announced_and_does_not_come_takes_no_memory()
    {
        using var decoder = new FrameDecoder(256 * 1024 * 1024);
        var header = Golden.Bytes("84 00 0001 08 0f000000 00 00");
        var before = GC.GetAllocatedBytesForCurrentThread();
        decoder.Decode(header, new Described());

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(64 * 1024);
    }

    [Theory]
    [InlineData("00000002 00000001 7fffffff 0002'ks' 0001't'")] // columns
    [InlineData("00000002 00000001 00000001 0002'ks' 0001't' 0001'k' 000d 7fffffff")] // rows
    [InlineData("00000004 0002 abcd 00000001 00000001 7fffffff")] // key indices
    [InlineData("00000002 00000001 00000001 0002'ks' 0001't' 0001'k' 0031 ffff")] // parts of a tuple
    public void A_number_of_things_that_cannot_be_there_takes_no_memory(string body)
    {
        var bytes = Golden.Bytes(body);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<ProtocolException>(() => Described.Of(new FrameHeader(ProtocolVersion.V4, FrameFlags.None, 1, Opcode.Result, bytes.Length), bytes));

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(64 * 1024);
    }

    private static List<string> Read(params byte[][] pieces)
    {
        using var decoder = new FrameDecoder(1024 * 1024);
        var described = new Described();
        foreach (var piece in pieces)
        {
            decoder.Decode(piece, described);
        }

        return described.Frames;
    }
}
