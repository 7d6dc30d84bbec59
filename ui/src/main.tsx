// The base styles come first: the components' own build on them.
import '@patternfly/react-core/dist/styles/base.css';
import './app.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { App } from './App';
import { makeQueryClient } from './api/queries';
import { startTheme } from './theme';

startTheme();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <BrowserRouter>
      <App queryClient={makeQueryClient()} />
    </BrowserRouter>
  </StrictMode>,
);
