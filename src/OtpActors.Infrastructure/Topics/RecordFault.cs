using System.Text.Json;

namespace OtpActors.Infrastructure.Topics;

/// <summary>
/// Tells what fails the same way each time from what may pass by itself: the first makes a dead letter of the record it
/// befell, so that no record can stop a partition; the second is retried.
/// </summary>
public static class RecordFault
{
    /// <summary>
    /// Whether the code met a value that it cannot deal with. Anything else (input and output, timeouts, cancellation,
    /// a server's or a store's own exceptions, an actor system that is ending) may pass.
    /// </summary>
    public static bool IsPermanent(Exception e) => e is
        ArgumentException or FormatException or ArithmeticException or InvalidCastException or NullReferenceException
        or IndexOutOfRangeException or KeyNotFoundException or NotSupportedException or JsonException;

    /// <summary>What a dead letter and a log may say of an exception that nobody foresaw: its message may repeat the record.</summary>
    public static string Describe(Exception e) => $"it cannot be processed ({e.GetType().Name})";
}
