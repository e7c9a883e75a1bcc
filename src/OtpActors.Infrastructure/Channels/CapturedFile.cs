using OtpActors.Infrastructure.Storage.Files;

namespace OtpActors.Infrastructure.Channels;

/// <summary>What the embedded senders share: a notification becomes a file, once.</summary>
internal static class CapturedFile
{
    /// <param name="channel">The directory's name in texts.</param>
    /// <param name="render">Makes the content; not called where the file is there.</param>
    /// <exception cref="NotificationException">The directory cannot be written.</exception>
    /// <remarks>On a pool thread: a caller that sends several at a time waits for the disk once, not in turn.</remarks>
    public static Task<SendResult> WriteAsync(
        string channel, string directory, string name, Func<byte[]> render, CancellationToken cancellationToken) =>
        Task.Run(() => Write(channel, directory, name, render), cancellationToken);

    private static SendResult Write(string channel, string directory, string name, Func<byte[]> render)
    {
        try
        {
            var written = AtomicFile.WriteOnce(directory, name, render);
            return new SendResult(SendOutcome.Accepted, written ? $"in the {channel}" : $"already in the {channel}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new NotificationException(
                $"The {channel} '{directory}' cannot be written: {exception.Message.TrimEnd('.')}.", exception,
                canPass: exception is IOException); // a disk that is full or read-only is mended under a running program
        }
    }
}
