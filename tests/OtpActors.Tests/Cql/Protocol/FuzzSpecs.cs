using System.Diagnostics;
using System.Globalization;
using OtpActors.Cql.Protocol;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql.Protocol;

/// <summary>
/// Changed golden frames: whatever comes, the decoder refuses it as a whole or reads it, in bounded memory and time.
/// <c>OTPACTORS_TEST_FUZZ_SECONDS</c> makes it go on for longer, <c>OTPACTORS_TEST_SEED</c> repeats a run.
/// </summary>
public sealed class FuzzSpecs(ITestOutputHelper output)
{
    private const int BytesAByte = 256;

    [Fact]
    public void Changed_frames_are_read_or_refused()
    {
        var seconds = int.Parse(Environment.GetEnvironmentVariable("OTPACTORS_TEST_FUZZ_SECONDS") ?? "2", CultureInfo.InvariantCulture);
        var seed = int.TryParse(Environment.GetEnvironmentVariable("OTPACTORS_TEST_SEED"), out var given) ? given : Environment.TickCount;
        var random = new Random(seed);
        byte[][] frames = [.. new byte[] { 3, 4 }.SelectMany(version => Golden.Responses
            .Select(each => Golden.Frame(version, each.Opcode, each.Body))
            .Append(Golden.Frame(version, 0x08, Golden.Prepared(version))))];
        var began = Stopwatch.GetTimestamp();
        var (read, refused) = (0L, 0L);
        while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(seconds))
        {
            var changed = Change((byte[])frames[random.Next(frames.Length)].Clone(), random);
            using var decoder = new FrameDecoder(64 * 1024);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                decoder.Decode(changed, new Described());
                read++;
            }
            catch (ProtocolException)
            {
                refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}: {Convert.ToHexString(changed)} gives {exception}");
            }

            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(64 * 1024 + (BytesAByte * changed.Length), Convert.ToHexString(changed));
        }

        output.WriteLine($"seed {seed}: {read} read, {refused} refused");
        refused.ShouldBeGreaterThan(0);
    }

    private static byte[] Change(byte[] frame, Random random)
    {
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(frame.Length);
            switch (random.Next(5))
            {
                case 0:
                    frame[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    frame[at] = (byte)(random.Next(2) == 0 ? 0xff : 0x7f);
                    break;
                case 2:
                    frame[at] = (byte)random.Next(256);
                    break;
                case 3:
                    frame = [.. frame[..at], .. frame[Math.Min(at + random.Next(1, 5), frame.Length)..]];
                    break;
                default:
                    frame = [.. frame[..at], (byte)random.Next(256), .. frame[at..]];
                    break;
            }

            if (frame.Length == 0)
            {
                return [0];
            }
        }

        // The length is made right in half of the cases, so that the body is reached.
        if (frame.Length >= 9 && random.Next(2) == 0)
        {
            var length = frame.Length - 9;
            (frame[5], frame[6], frame[7], frame[8]) = (0, 0, (byte)(length >> 8), (byte)length);
        }

        return frame;
    }
}
