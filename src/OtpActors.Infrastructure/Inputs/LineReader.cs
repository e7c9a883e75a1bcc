namespace OtpActors.Infrastructure.Inputs;

/// <summary>
/// A stream's physical lines as bytes, without their line breaks: LF, CRLF or a bare CR, in any mixture. No other character
/// ends a line (U+0085, U+2028). Memory is bounded: a line longer than <see cref="MaxLineBytes"/> is passed over and counted,
/// its content is not given. Not thread-safe.
/// </summary>
internal sealed class LineReader(Stream stream)
{
    /// <summary>The longest line that is given; far above any record, so that garbage cannot eat memory.</summary>
    public const int MaxLineBytes = 64 * 1024;

    private readonly byte[] _buffer = new byte[4 * MaxLineBytes];
    private int _start;
    private int _end;
    private bool _afterReturn;

    /// <summary>The line read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>The line read last; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Whether the line read last was too long to be given.</summary>
    public bool TooLong { get; private set; }

    /// <summary>Opens a file for reading from front to back; the reader has a buffer of its own.</summary>
    public static FileStream Open(string path) =>
        new(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });

    /// <summary>The next bytes of the stream, without moving on; fewer than wanted only at its end.</summary>
    public ReadOnlySpan<byte> Peek(int wanted)
    {
        while (_end - _start < wanted && Fill())
        {
        }

        return _buffer.AsSpan(_start, Math.Min(wanted, _end - _start));
    }

    /// <summary>Passes over bytes that <see cref="Peek"/> has shown.</summary>
    public void Skip(int bytes) => _start += bytes;

    /// <summary>Moves to the next line; false at the end. A last line needs no line break.</summary>
    public bool Read()
    {
        TooLong = false;
        PassLineFeed();
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOfAny((byte)'\n', (byte)'\r');
            if (found >= 0)
            {
                Give(searched + found);
                _afterReturn = _buffer[_start++] == '\r';
                return true;
            }

            searched = _end - _start;
            if (searched > MaxLineBytes)
            {
                TooLong = true;
                _start = _end;
                searched = 0;
            }

            if (!Fill())
            {
                var something = TooLong || searched > 0;
                if (something)
                {
                    Give(searched);
                }

                return something;
            }
        }
    }

    /// <summary>Whether a CR had its LF is known only now: the two may come in different reads.</summary>
    private void PassLineFeed()
    {
        if (_afterReturn && Peek(1) is [(byte)'\n'])
        {
            _start++;
        }

        _afterReturn = false;
    }

    private void Give(int length)
    {
        var line = _buffer.AsMemory(_start, length);
        _start += length;
        Number++;
        TooLong |= line.Length > MaxLineBytes;
        Line = TooLong ? default : line;
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }
}
